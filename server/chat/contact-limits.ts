import { OPTIONS, type OptionName } from '../contract/options.ts';
import type { ContactAct } from '../fold/pair.ts';
import type { Listed } from '../membership/contacts.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { StoreUnavailable } from '../room/history-store.ts';
import type { Chat } from './chat.ts';

/**
 * Refuses an act above a limit of its user. The lists that are counted lag by seconds. While MongoDB is away they are not counted:
 * friends and blocks go on.
 * @throws {CommandError} 106 with too many friends and own requests, or blocked users, and above the requests of a day
 */
export async function demandWithin(chat: Chat, user: string, act: ContactAct): Promise<void> {
  const { config, daily } = chat;
  if (act === 'block') await demandPlace(chat, user, ['blocked'], 'maxBlocks', 'blocked users');
  if (act === 'request' || act === 'accept')
    await demandPlace(chat, user, ['friend', 'out'], 'maxFriends', 'friends and own requests');
  if (act !== 'request' || (await daily.take(user, 'requests', config.friendRequestsPerDay))) return;
  throw exceeded(chat, 'friendRequestsPerDay', 'friend requests a day');
}

type Limit = OptionName & ('maxBlocks' | 'maxFriends' | 'friendRequestsPerDay');

async function demandPlace(chat: Chat, user: string, lists: readonly Listed[], limit: Limit, what: string) {
  let left = chat.config[limit];
  try {
    for (const listed of lists) if (left > 0) left -= await chat.contacts.countContacts(user, listed, left);
  } catch (error) {
    if (error instanceof StoreUnavailable) return;
    throw error;
  }
  if (left <= 0) throw exceeded(chat, limit, what);
}

/** Error that is not temporary: clients try those again within seconds. */
const exceeded = ({ config }: Chat, limit: Limit, what: string) =>
  new CommandError(ERRORS.limitExceeded, `at most ${config[limit]} ${what} (${OPTIONS[limit].env})`);
