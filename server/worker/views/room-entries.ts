import { inboxUser, isInbox } from '../../access/names.ts';
import { isControlType, readControl } from '../../fold/control.ts';
import { type Contact, readContact } from '../../fold/pair.ts';
import { dataOf } from '../../room/message.ts';
import { type OwnMembership, type RoomControlEntry, readOwnMembership } from '../../room/room-changes.ts';
import type { FoldEntry } from '../fold/fold.ts';

/** Entries of a batch about rooms, members, and other users. */
export interface RoomEntries {
  readonly controls: readonly RoomControlEntry[];
  readonly own: readonly OwnMembership[];
  readonly contacts: readonly Contact[];
}

/** Picks the entries of a batch about rooms, members, and other users. Bodies of others are not parsed. Pure. */
export function roomEntriesOf(entries: readonly FoldEntry[]): RoomEntries {
  const controls: RoomControlEntry[] = [];
  const own: OwnMembership[] = [];
  const contacts: Contact[] = [];
  for (const { room, message } of entries) {
    if (message === null || !(isControlType(message.type) || message.type === 'contact')) continue;
    const data = dataOf(message);
    if (isInbox(room)) {
      // The inbox of a user is written by verbs of that user alone.
      const user = inboxUser(room);
      const joined = readOwnMembership(message, data);
      if (joined) own.push({ ...joined, user });
      const contact = readContact({ ...message, user }, data);
      if (contact) contacts.push(contact);
    }
    const entry = message.cv > 0 ? readControl(message, data) : null;
    if (entry) controls.push({ room, entry });
  }
  return { controls, own, contacts };
}
