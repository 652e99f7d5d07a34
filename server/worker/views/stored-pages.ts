import { CONTROL_TYPES } from '../../fold/control.ts';
import { cutBy } from '../../fold/control-acts.ts';
import { BoundedMap } from '../../room/bounded-map.ts';
import type { EntryReader } from '../../room/views.ts';
import type { FoldEntry } from '../fold/fold.ts';
import { roomEntriesOf } from './room-entries.ts';
import { CHANGING_TYPES, storedEntry } from './stored-entries.ts';

/** Entries of each type that are read from MongoDB at once: some 10 MB of the longest ones. */
const PAGE = 200;
/**
 * Microseconds after an act in which LOG gets what a gateway decided without it. Its rights are at most 10 s old, and a publish that
 * is not stored within seconds fails.
 */
const LATE_US = 600_000_000;
/** Offsets before a replay in which acts are looked for, above {@link LATE_US} of a gateway's messages: some 20 s of a busy partition. */
const LOOK_BACK = 100_000;
/** Rooms with a late act that are remembered: their names take some MB of one request. */
const MOST_ROOMS = 10_000;
const CHANGING = new Set(CHANGING_TYPES);

/** Part of a partition's entries, ascending by offset. */
export interface StoredPage {
  readonly entries: readonly FoldEntry[];
  /** Offset up to which it has all of them. */
  readonly upto: number;
}

/**
 * Reads the entries of a partition that LOG does not have any more: those that change something, and messages of rooms in which
 * somebody was restricted shortly before, which may not count. Pages are read in their order.
 */
export class StoredPages {
  readonly #store: EntryReader;
  readonly #partition: number;
  /** Time of the latest restricting act, in microseconds since 1970, by room. */
  readonly #restricted = new BoundedMap<string, number>(MOST_ROOMS);

  constructor(store: EntryReader, partition: number) {
    this.#store = store;
    this.#partition = partition;
  }

  /** Finds the acts whose late messages may be above an offset. @throws {StoreUnavailable} */
  async begin(at: number): Promise<void> {
    for (let after = Math.max(0, at - LOOK_BACK); after < at; ) {
      const range = { after, upto: at, limit: PAGE };
      const page = await this.#store.readEntries(this.#partition, CONTROL_TYPES, range);
      this.#note(page.entries.map(storedEntry));
      after = page.upto;
    }
  }

  /** Reads the first entries above an offset. @throws {StoreUnavailable} */
  async read(after: number, upto: number): Promise<StoredPage> {
    const page = await this.#store.readEntries(this.#partition, CHANGING_TYPES, { after, upto, limit: PAGE });
    const changing = page.entries.map(storedEntry);
    this.#note(changing);
    const rooms = [...this.#restricted.keys()];
    if (rooms.length === 0) return { entries: changing, upto: page.upto };
    const checked = await this.#store.readChecked(rooms, { after, upto: page.upto, limit: PAGE });
    const others = checked.entries.filter(({ type }) => !CHANGING.has(type)).map(storedEntry);
    const entries = [...changing, ...others]
      .filter(({ offset }) => offset <= checked.upto)
      .sort((a, b) => a.offset - b.offset);
    this.#forget(entries.at(-1)?.message?.storedAt ?? 0);
    return { entries, upto: checked.upto };
  }

  #note(entries: readonly FoldEntry[]): void {
    const times = new Map(entries.map(({ offset, message }) => [offset, message?.storedAt ?? 0]));
    for (const { room, entry } of roomEntriesOf(entries).controls) {
      // A snapshot may have acts whose entries were lost.
      if (cutBy(entry.control, entry.by) === null && entry.control.act !== 'snapshot') continue;
      this.#restricted.set(room, Math.max(this.#restricted.get(room) ?? 0, times.get(entry.offset) ?? 0));
    }
  }

  #forget(now: number): void {
    for (const [room, time] of this.#restricted) if (time < now - LATE_US) this.#restricted.delete(room);
  }
}
