import { inboxUser, isInbox } from '../../access/names.ts';
import { readProfileEntry } from '../../fold/profile.ts';
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
    const data = dataOf(message);
    const known = changes.get(user) ?? { settings: NO_SETTINGS };
    const settings = mergedSettings(known.settings, readSettingsEntry(message, data) ?? NO_SETTINGS);
    changes.set(user, { ...known, ...readProfileEntry(message, data), user, at: message.offset, settings });
  }
  return [...changes.values()];
}
