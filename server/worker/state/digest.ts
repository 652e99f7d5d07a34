import type { Deletion, Digest } from '../../bus/last-entry.ts';
import type { FoldEntry } from '../fold/fold.ts';

/** Entries of one room in a batch, as far as its digest needs them. */
export interface RoomBatch {
  /** Offset of the last one. */
  readonly top: number;
  readonly deletions: readonly Deletion[];
  /** Offset of the last message that counts; 0 for none in the batch. */
  readonly countable: number;
}

/** Targets of the deletes that a digest names. A value of LAST stays below 100 KB with them. */
const MOST_TARGETS = 6_000;

/** Entries of a batch by room. Pure. */
export function roomBatches(entries: readonly FoldEntry[]): Map<string, RoomBatch> {
  const rooms = new Map<string, { top: number; deletions: Deletion[]; countable: number }>();
  for (const { room, offset, message } of entries) {
    const known = rooms.get(room) ?? { top: 0, deletions: [], countable: 0 };
    rooms.set(room, known);
    known.top = Math.max(known.top, offset);
    if (message?.type === 'message') known.countable = Math.max(known.countable, offset);
    if (message?.type === 'delete' && message.targets.length > 0)
      known.deletions.push({ at: offset, targets: message.targets });
  }
  return rooms;
}

/**
 * Digest of a room after more of its entries. A full list ends below the delete that it has no space for, and says so: readers look
 * for later ones in LOG. Pure.
 * @param before digest before; null for none
 * @param added deletes that may not be in it yet: together with those in it, every one of the room
 * @param done highest delete whose targets have no text in LOG or MongoDB any more: it is left out
 */
export function digestWith(before: Digest | null, top: number, added: readonly Deletion[], done: number): Digest {
  const all = new Map([...(before?.deletions ?? []), ...added].map(each => [each.at, each]));
  const wanted = [...all.values()].filter(({ at }) => at > done).sort((a, b) => a.at - b.at);
  const deletions: Deletion[] = [];
  let targets = 0;
  for (const each of wanted) {
    targets += each.targets.length;
    if (targets > MOST_TARGETS) break;
    deletions.push(each);
  }
  const left = wanted[deletions.length];
  return { top: Math.max(before?.top ?? 0, top), deletions, ...(left ? { at: left.at - 1 } : {}) };
}

/**
 * Offset of a room's last message that counts, after more of its entries. Entries may come again. Pure.
 * @param before digest before; null for an invalid one, undefined for none: the room has no entry inside the cover
 */
export function countableWith(
  before: Digest | null | undefined,
  { countable }: Pick<RoomBatch, 'countable'>,
): Pick<Digest, 'countable'> {
  const known = before === undefined ? 0 : before?.countable;
  if (known === undefined) return countable > 0 ? { countable } : {};
  return { countable: Math.max(known, countable) };
}
