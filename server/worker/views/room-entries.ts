import { inboxUser, isInbox } from '../../access/names.ts';
import { isControlType, readControl } from '../../fold/control.ts';
import { dataOf } from '../../room/message.ts';
import { type OwnMembership, type RoomControlEntry, readOwnMembership } from '../../room/room-changes.ts';
import type { FoldEntry } from '../fold/fold.ts';

/** Entries of a batch about rooms and members. */
export interface RoomEntries {
  readonly controls: readonly RoomControlEntry[];
  readonly own: readonly OwnMembership[];
}

/** Picks the entries of a batch about rooms and members. Bodies of others are not parsed. Pure. */
export function roomEntriesOf(entries: readonly FoldEntry[]): RoomEntries {
  const controls: RoomControlEntry[] = [];
  const own: OwnMembership[] = [];
  for (const { room, message } of entries) {
    if (message === null || !isControlType(message.type)) continue;
    const data = dataOf(message);
    const joined = isInbox(room) ? readOwnMembership(message, data) : null;
    // The inbox of a user is written by verbs of that user alone.
    if (joined) own.push({ ...joined, user: inboxUser(room) });
    const entry = message.cv > 0 ? readControl(message, data) : null;
    if (entry) controls.push({ room, entry });
  }
  return { controls, own };
}
