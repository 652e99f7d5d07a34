import { isInbox } from '../../access/names.ts';
import { type Cut, isCut } from '../../fold/room-state.ts';
import type { RoomArchive } from '../../membership/archive.ts';
import { BoundedMap } from '../../room/bounded-map.ts';
import type { MessageChange } from '../../room/views.ts';
import type { FoldEntry } from '../fold/fold.ts';
import { inLanes } from '../state/in-lanes.ts';

/** Entries of a batch that count, and changes that take the bodies of those that do not. */
export interface Counting {
  readonly counting: readonly FoldEntry[];
  readonly voided: readonly MessageChange[];
}

/** Rooms with cuts that are kept, and the cuts of all of them: each takes some 140 bytes, all together 30 MB. A room may have hundreds. */
const MOST_ROOMS = 10_000;
const MOST_CUTS_OF_ALL = 200_000;
/** Rooms without cuts that are remembered, some 10 MB of names: a chat of channels that nobody created asks the store once for each. */
const MOST_UNCUT = 100_000;
/** Rooms that the store is asked about at the same time. */
const READS = 8;
const NO_CUTS: readonly Cut[] = [];

/**
 * Finds the entries that do not count, because their author was restricted before them. An entry that names no version was checked
 * by a gateway that knew of no act in the room: it is compared as well.
 */
export class VoidEntries {
  readonly #store: Pick<RoomArchive, 'room'>;
  readonly #cuts = new BoundedMap<string, readonly Cut[]>(MOST_ROOMS, {
    of: ({ length }) => length,
    most: MOST_CUTS_OF_ALL,
  });
  readonly #uncut = new BoundedMap<string, true>(MOST_UNCUT);

  /** @param store has the control entries of each batch before the batch is asked about */
  constructor(store: Pick<RoomArchive, 'room'>) {
    this.#store = store;
  }

  /** Forgets what it knows: another worker may have folded since. */
  clear(): void {
    this.#cuts.clear();
    this.#uncut.clear();
  }

  /**
   * Splits a batch.
   * @param changed rooms that have control entries in the batch
   * @throws {StoreUnavailable}
   */
  async split(entries: readonly FoldEntry[], changed: ReadonlySet<string>): Promise<Counting> {
    for (const room of changed) {
      this.#cuts.delete(room);
      this.#uncut.delete(room);
    }
    const isVoid = await this.#findVoid(entries);
    const counting: FoldEntry[] = [];
    const voided: MessageChange[] = [];
    for (const entry of entries) {
      const { room, message, offset } = entry;
      if (message === null || !isVoid.has(offset)) {
        counting.push(entry);
        continue;
      }
      const { id, type: was, epoch } = message;
      voided.push({ room, epoch, entry: { type: 'void', offset, id, was } });
    }
    return { counting, voided };
  }

  /** @returns offsets of entries that do not count */
  async #findVoid(entries: readonly FoldEntry[]): Promise<ReadonlySet<number>> {
    const found = new Set<number>();
    const byRoom = Map.groupBy(entries.filter(isBound), ({ room }) => room);
    await inLanes(byRoom, READS, async ([room, some]) => {
      const cuts = await this.#cutsOf(room);
      for (const { message, offset } of some) if (message && isCut({ cuts }, message)) found.add(offset);
    });
    return found;
  }

  async #cutsOf(room: string): Promise<readonly Cut[]> {
    if (this.#uncut.has(room)) return NO_CUTS;
    const known = this.#cuts.get(room);
    if (known) return known;
    const cuts = (await this.#store.room(room))?.cuts ?? NO_CUTS;
    if (cuts.length === 0) this.#uncut.set(room, true);
    else this.#cuts.set(room, cuts);
    return cuts;
  }
}

/** True for an entry that may be void. An inbox has no state: its entries always count. */
const isBound = ({ room, message }: FoldEntry): boolean => message !== null && message.cv === 0 && !isInbox(room);
