import { createHash } from 'node:crypto';
import { hasMentions, type Mentions } from '../fold/mentions.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Stored } from '../room/log.ts';
import { type MessageType, NO_TARGETS } from '../room/message.ts';
import type { Chat } from './chat.ts';
import { about, bool, int, text } from './params.ts';
import type { Call } from './verb.ts';

/** Result of a verb that stores an entry. */
export const PLACE = {
  offset: about(int({ min: 1 }), "Place of the entry in the room's order."),
  epoch: about(text({ min: 1 }), 'Epoch that the offset counts in.'),
  duplicate: about(bool, 'True if the entry was stored before.'),
};

/** {@link PLACE} of a stored entry. */
export const resultOf = ({ offset, epoch, duplicate }: Stored) => ({ offset, epoch, duplicate });

/** Act of a user that becomes one entry of a room's log. */
export interface Act {
  readonly room: string;
  /** UUIDv7 of the client's: the same act has the same id, each time it is sent. */
  readonly id: string;
  readonly type: MessageType;
  /** Rest of the body; the gateway adds `type`, `id` and `time`. */
  readonly content: Content;
  /** Offsets of the messages that the act is about. Default: none. */
  readonly targets?: readonly number[];
  /** Mentions of its text, which are in the content too. Default: none. */
  readonly mentions?: Mentions;
  /**
   * Checks that need a read, done if the act is not stored yet. May resolve with the content to store instead, with what was read.
   * Default: none.
   * @throws {CommandError} to refuse the act
   */
  readonly check?: () => Promise<Content | undefined>;
}

type Content = Readonly<Record<string, unknown>>;

/**
 * Stores an act once, however often and on whatever connection it is sent. An old id is looked up first. Then the call is placed
 * and the entry published in one tick.
 * @throws {CommandError} 107 for an id from the future or too large a body, 111 above a rate
 */
export async function storeOnce(call: Call, chat: Chat, act: Act): Promise<Stored> {
  const { room, id, type, content, targets = NO_TARGETS, check } = act;
  const { clocks, lookUps, messages } = chat;
  const isYoung = checkTime(chat, room, id);
  const time = clocks.wallClock();
  const bodyOf = (parts: Content) => Buffer.from(JSON.stringify({ type, id, ...parts, time }));
  let body = bodyOf(content);
  messages.checkSize(body);
  messages.count(call, room, body);
  const { user } = call.identity;
  const dedupe = dedupeKey(user, room, id);
  if (!isYoung) {
    const found = await lookUps.find(user, room, { id, dedupe });
    if (found) return found;
  }
  if (check) {
    try {
      const read = await check();
      if (read) body = bodyOf(read); // what the server adds has bounds of its own
    } catch (error) {
      // Stored before, it may itself be the reason: a message that this very act deleted.
      const isRefused = isYoung && error instanceof CommandError;
      const found = isRefused ? await lookUps.find(user, room, { id, dedupe }, isYoung) : null;
      if (found) return found;
      throw error;
    }
  }
  call.placed();
  const told = hasMentions(act.mentions ?? {}) ? { mentions: chat.kindOf(room)?.history ?? 'Joined' } : {};
  return await messages.publish(call, { room, type, id, dedupe, time, targets, body, ...told });
}

/** Key by which JetStream and MongoDB recognise an act that is sent again. */
const dedupeKey = (user: string, room: string, id: string) =>
  createHash('sha256')
    .update(JSON.stringify([user, room, id]))
    .digest('base64url');

/**
 * True if JetStream recognises the id in case it was stored before. Its window begins when it stored the act, which is not
 * before the id was made, give or take half a window for clocks that differ. Other ids have to be looked up.
 * @throws {CommandError} for an id from the future: sent again later it would be taken for a young one
 */
function checkTime({ clocks, reportedTime, lookUps }: Chat, room: string, id: string): boolean {
  const time = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  const toleranceMs = lookUps.youngMs(room);
  if (time - reportedTime.latest() > toleranceMs) {
    const now = clocks.wallClock();
    const ahead = `id is ${Math.ceil((time - now) / 1000)} s ahead of the server's time, ${new Date(now).toISOString()}`;
    const advice = 'make ids by the time in the reply to connect';
    throw new CommandError(ERRORS.badRequest, `${ahead}; at most ${toleranceMs / 1000} s are allowed: ${advice}`);
  }
  return Math.abs(clocks.wallClock() - time) < toleranceMs;
}
