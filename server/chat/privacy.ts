import { relationOf } from '../fold/pair.ts';
import type { Privacy } from '../fold/user-settings.ts';
import type { Chat } from './chat.ts';
import type { Author } from './messages.ts';

/**
 * Finds users who do not let the caller do something with them, by their settings and blocks as the leader has them, or whom the caller
 * blocks. The caller is none of them. A block and a setting are told apart neither by the result nor by what is read for it.
 * @throws {ReadFailed} if NATS does not answer, {@link StoreUnavailable} if MongoDB is needed and does not
 */
export async function unwilling(
  { settings, pairs }: Pick<Chat, 'settings' | 'pairs'>,
  { identity: { user: caller } }: Author,
  users: readonly string[],
  act: keyof Pick<Privacy, 'add' | 'dm' | 'invite' | 'request'>,
): Promise<ReadonlySet<string>> {
  const others = users.filter(user => user !== caller);
  if (others.length === 0) return NOBODY;
  const found = await settings.fresh(others);
  const refuses = async (user: string) => {
    const { state, blocks, blocked } = relationOf(await pairs.fresh(caller, user), caller, user);
    const audience = found.get(user)?.privacy[act] ?? 'everyone';
    return blocks || blocked || audience === 'nobody' || (audience === 'friends' && state !== 'friend');
  };
  const answers = await Promise.all(others.map(refuses));
  return new Set(others.filter((_, index) => answers[index]));
}

const NOBODY: ReadonlySet<string> = new Set();
