import { inboxOf } from '../access/names.ts';
import { readSettingsEntry } from '../fold/user-settings.ts';
import { dataOf } from '../room/message.ts';
import type { Chat } from './chat.ts';
import { storeOnce } from './store-once.ts';
import type { Call } from './verb.ts';

/** Change of a user's own settings or profile. */
export interface MeAct {
  readonly id: string;
  /** Fields that change, with their values. */
  readonly content: Readonly<Record<string, unknown>>;
}

/**
 * Stores a change in the user's own inbox alone, and makes settings in it known to all gateways. Everything else
 * follows from the entry.
 * @throws {CommandError} as {@link storeOnce} does
 */
export async function meAct(call: Call, chat: Chat, { id, content }: MeAct) {
  const { user } = call.identity;
  const inbox = inboxOf(user);
  const { offset, duplicate } = await storeOnce(call, chat, { room: inbox, id, type: 'me', content });
  // The gateway of the first may have ended before it wrote this, and a repeat may differ: what is stored counts.
  const entry = duplicate ? await chat.entry(inbox, offset) : null;
  const data = duplicate ? entry && dataOf(entry) : content;
  const given = readSettingsEntry({ type: 'me', offset }, data);
  if (given) await chat.settings.changed({ user, given });
  return { duplicate };
}
