import type { KindLimits } from '../contract/room-kinds.ts';
import type { FoldedMessage } from '../fold/room-fold.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { StoredMessage } from '../room/message.ts';
import type { Chat } from './chat.ts';

/**
 * Checks the length of a text against `limits.textCharacters` of the room's kind. Call it as, or in, the check of an act: one
 * that was stored under an older limit stays stored.
 * @returns the refusal, 107, or null
 */
export function textRefusal({ kindOf }: Pick<Chat, 'kindOf'>, room: string, text: string): CommandError | null {
  const most = kindOf(room)?.limits.textCharacters ?? Number.POSITIVE_INFINITY;
  // Code points are counted only where they decide: most texts are short.
  if (text.length <= most || [...text].length <= most) return null;
  return new CommandError(
    ERRORS.badRequest,
    `text must have at most ${most} characters (${named('textCharacters', room)})`,
  );
}

/** Changes of an author's own message, with the limit of the kind that ends each. */
const WINDOWS = { edit: 'editSeconds', delete: 'deleteSeconds' } as const;

/**
 * Checks that an author may still change a message. By the gateway's clock, so a window ends a little early or late.
 * @throws {CommandError} 410 if the window of the room's kind is over
 */
export function demandWindow(
  { kindOf, clocks }: Pick<Chat, 'kindOf' | 'clocks'>,
  { room, time }: Pick<StoredMessage, 'room' | 'time'>,
  change: keyof typeof WINDOWS,
): void {
  const limit = WINDOWS[change];
  const seconds = kindOf(room)?.limits[limit] ?? Number.POSITIVE_INFINITY;
  if (seconds > 0 && clocks.wallClock() - time <= seconds * 1000) return;
  throw new CommandError(ERRORS.gone, `the time to ${change} a message is ${seconds} s (${named(limit, room)})`);
}

/**
 * Checks the number of different emoji on a message. Users who react at the same moment may exceed it by a few.
 * @throws {CommandError} 106 if one more is too many
 */
export function demandEmoji(
  { kindOf }: Pick<Chat, 'kindOf'>,
  room: string,
  { reactions }: Pick<FoldedMessage, 'reactions'>,
  emoji: string,
): void {
  const most = kindOf(room)?.limits.emojiPerMessage ?? Number.POSITIVE_INFINITY;
  if (reactions.length < most || (most > 0 && reactions.some(known => known.emoji === emoji))) return;
  const text = `a message must have at most ${most} different emoji (${named('emojiPerMessage', room)})`;
  throw new CommandError(ERRORS.limitExceeded, text);
}

const named = (limit: keyof KindLimits, room: string) =>
  `limits.${limit} of the kind ${room.slice(0, room.indexOf(':'))}`;
