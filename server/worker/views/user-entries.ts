import { inboxUser, isInbox } from '../../access/names.ts';
import { mergedSettings, NO_SETTINGS, readSettingsEntry } from '../../fold/user-settings.ts';
import type { UserChange } from '../../membership/user-archive.ts';
import { dataOf } from '../../room/message.ts';
import type { FoldEntry } from '../fold/fold.ts';

/** Picks what users change about themselves in a batch, ascending by offset: one change for each user. Pure. */
export function userChangesOf(entries: readonly FoldEntry[]): UserChange[] {
  const changes = new Map<string, UserChange>();
  for (const { room, message } of entries) {
    if (message?.type !== 'me' || !isInbox(room)) continue;
    const user = inboxUser(room);
    const settings = readSettingsEntry(message, dataOf(message));
    if (!settings) continue;
    const known = changes.get(user)?.settings ?? NO_SETTINGS;
    changes.set(user, { user, at: message.offset, settings: mergedSettings(known, settings) });
  }
  return [...changes.values()];
}
