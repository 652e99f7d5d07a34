import type { Removal } from '../../../client/chat.ts';
import type { Texts } from '../i18n/language.ts';

/** Sentence about a room that the user was taken out of; null for the user's own leave. */
export function removalText(texts: Texts, room: string, ending: Removal['ending'], user: string): string | null {
  if (!ending) return texts.text('removed.unknown', { room });
  const { act, by } = ending;
  if (by === user) return null;
  return texts.text(act === 'leave' ? 'removed.unknown' : `removed.${act}`, { room, user: by });
}
