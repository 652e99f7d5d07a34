import type { RoomInfo } from '../../../client/room-info.ts';
import type { Texts } from '../i18n/language.ts';

/** Reason why the user may not write in a room; null if the user may, or while it is unknown. */
export function readOnlyReason(texts: Texts, info: RoomInfo): string | null {
  if (!info.me || info.may('write')) return null;
  if (info.mutedUntil > 0) return texts.text('composer.muted', { time: texts.fullTime(info.mutedUntil) });
  if (info.state?.frozen) return texts.text('composer.frozen');
  if (info.rules?.write === 'Staff') return texts.text('composer.staffOnly');
  return texts.text('composer.membersOnly');
}
