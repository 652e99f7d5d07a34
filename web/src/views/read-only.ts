import type { Chat } from '../../../client/chat.ts';
import type { RoomInfo } from '../../../client/room-info.ts';
import type { Texts } from '../i18n/language.ts';

/** Reason why the user may not write in a room; null if the user may, or while it is unknown. */
export function readOnlyReason(texts: Texts, { people }: Pick<Chat, 'people'>, info: RoomInfo): string | null {
  const { other } = info;
  if (other !== undefined && people.blocks(other)) return texts.text('composer.youBlock', { user: other });
  if (!info.me || info.may('write')) return null;
  if (other !== undefined) return texts.text('composer.notLet', { user: other });
  if (info.mutedUntil > 0) return texts.text('composer.muted', { time: texts.fullTime(info.mutedUntil) });
  if (info.state?.frozen) return texts.text('composer.frozen');
  if (info.rules?.write === 'Staff') return texts.text('composer.staffOnly');
  return texts.text('composer.membersOnly');
}
