import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
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
  const kind = room.slice(0, room.indexOf(':'));
  const limit = `limits.textCharacters of the kind ${kind}`;
  return new CommandError(ERRORS.badRequest, `text must have at most ${most} characters (${limit})`);
}
