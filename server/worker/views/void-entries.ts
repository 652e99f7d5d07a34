import { type Cut, isCut } from '../../fold/room-state.ts';
import type { RoomArchive } from '../../membership/archive.ts';
import { BoundedMap } from '../../room/bounded-map.ts';
import type { MessageChange } from '../../room/views.ts';
import type { FoldEntry } from '../fold/fold.ts';

/** Entries of a batch that count, and changes that take the bodies of those that do not. */
export interface Counting {
  readonly counting: readonly FoldEntry[];
  readonly voided: readonly MessageChange[];
}

/** Rooms whose cuts are kept. */
const MOST_ROOMS = 10_000;
const NO_CUTS: readonly Cut[] = [];

/** Finds the entries that do not count, because their author was restricted before them. */
export class VoidEntries {
  readonly #store: Pick<RoomArchive, 'room'>;
  readonly #cuts = new BoundedMap<string, readonly Cut[]>(MOST_ROOMS);

  /** @param store has the control entries of each batch before the batch is asked about */
  constructor(store: Pick<RoomArchive, 'room'>) {
    this.#store = store;
  }

  /** Forgets what it knows: another worker may have folded since. */
  clear(): void {
    this.#cuts.clear();
  }

  /**
   * Splits a batch.
   * @param changed rooms that have control entries in the batch
   * @throws {StoreUnavailable}
   */
  async split(entries: readonly FoldEntry[], changed: ReadonlySet<string>): Promise<Counting> {
    for (const room of changed) this.#cuts.delete(room);
    const counting: FoldEntry[] = [];
    const voided: MessageChange[] = [];
    for (const entry of entries) {
      const { room, message, offset } = entry;
      const isBound = message !== null && message.cv === 0 && (message.seen > 0 || changed.has(room));
      if (!isBound || !isCut({ cuts: await this.#cutsOf(room) }, message)) {
        counting.push(entry);
        continue;
      }
      const { id, type: was, epoch } = message;
      voided.push({ room, epoch, entry: { type: 'void', offset, id, was } });
    }
    return { counting, voided };
  }

  async #cutsOf(room: string): Promise<readonly Cut[]> {
    const known = this.#cuts.get(room);
    if (known) return known;
    const cuts = (await this.#store.room(room))?.cuts ?? NO_CUTS;
    this.#cuts.set(room, cuts.length === 0 ? NO_CUTS : cuts);
    return cuts;
  }
}
