import { relationOf } from '../fold/pair.ts';
import type { Privacy } from '../fold/user-settings.ts';
import type { Chat } from './chat.ts';
import type { Author } from './messages.ts';

/**
 * Finds users who do not let the caller do something with them, by their settings as the leader has them. The caller is none of them.
 * @throws {ReadFailed} if NATS does not answer, {@link StoreUnavailable} if MongoDB is needed and does not
 */
export async function unwilling(
  { settings, pairs }: Pick<Chat, 'settings' | 'pairs'>,
  { identity: { user: caller } }: Author,
  users: readonly string[],
  act: keyof Pick<Privacy, 'add' | 'dm' | 'request'>,
): Promise<ReadonlySet<string>> {
  const others = users.filter(user => user !== caller);
  if (others.length === 0) return NOBODY;
  const found = await settings.fresh(others);
  const isFriend = async (user: string) => relationOf(await pairs.fresh(caller, user), caller, user).state === 'friend';
  const refuses = async (user: string) => {
    const audience = found.get(user)?.privacy[act] ?? 'everyone';
    return audience === 'nobody' || (audience === 'friends' && !(await isFriend(user)));
  };
  const answers = await Promise.all(others.map(refuses));
  return new Set(others.filter((_, index) => answers[index]));
}

const NOBODY: ReadonlySet<string> = new Set();
