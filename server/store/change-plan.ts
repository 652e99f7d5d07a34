import { Changes, type Text } from '../fold/changes.ts';
import type { DeletedTarget, DeleteEntry, EditEntry, ReactionEntry, Target } from '../fold/entry.ts';
import type { MessageChange } from '../room/views.ts';
import type { MessageDocument } from './document.ts';

/** Delete of one message. */
export interface Deletion {
  readonly offset: number;
  readonly epoch: string;
  /** Author and time of the message, as the gateway that deleted it found them; absent in entries of earlier releases. */
  readonly user?: string;
  readonly time?: number;
}

/** Entries of a batch about one message. */
export interface Group extends Target {
  readonly room: string;
  readonly edits: EditEntry[];
  readonly votes: ReactionEntry[];
  /** First delete; null for none. */
  deletion: Deletion | null;
}

/** Sorts entries by the message they are about. Hides are left out. Pure. */
export function groupsOf(changes: readonly MessageChange[]): Group[] {
  const groups = new Map<string, Group>();
  const of = (room: string, { target, of }: Target): Group => {
    const key = JSON.stringify([room, target, of]);
    const group = groups.get(key) ?? { room, target, of, edits: [], votes: [], deletion: null };
    groups.set(key, group);
    return group;
  };
  for (const { room, epoch, entry } of changes) {
    if (entry.type === 'edit') of(room, entry).edits.push(entry);
    else if (entry.type === 'reaction') of(room, entry).votes.push(entry);
    else if (entry.type === 'delete')
      for (const target of entry.targets) of(room, target).deletion ??= deletionOf(entry, target, epoch);
  }
  return [...groups.values()];
}

function deletionOf({ offset }: DeleteEntry, target: DeletedTarget, epoch: string): Deletion {
  const { user, time } = target;
  return { offset, epoch, ...(user === undefined ? {} : { user }), ...(time === undefined ? {} : { time }) };
}

/** Change of a message that is not deleted. */
export interface EditPlan {
  /** Its text after the batch, with its mentions; null if no edit of the batch counts. */
  readonly text: Text | null;
  /** Offsets of edits that its document does not list yet. */
  readonly unlisted: readonly number[];
}

/**
 * Folds edits into a document that has all entries before them. Edits that it already has in it change nothing: those at or below
 * its revision are passed over, and one above it that did not count then does not count now. Pure.
 */
export function planEdits(
  { offset, rev = offset, text = '', edits = [] }: Pick<MessageDocument, 'offset' | 'rev' | 'text' | 'edits'>,
  batch: readonly EditEntry[],
): EditPlan {
  const changes = new Changes();
  for (const edit of batch) changes.edit(edit);
  const after = changes.text({ text, rev }, rev);
  const unlisted = batch.map(edit => edit.offset).filter(at => !edits.includes(at));
  return { text: after.rev === rev ? null : after, unlisted: [...new Set(unlisted)] };
}
