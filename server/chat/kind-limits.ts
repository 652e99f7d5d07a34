import type { KindLimits } from '../contract/room-kinds.ts';
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

const named = (limit: keyof KindLimits, room: string) =>
  `limits.${limit} of the kind ${room.slice(0, room.indexOf(':'))}`;
