import { type Mark, mergedMarks, NO_MARK } from '../fold/mark.ts';
import { BoundedMap } from '../room/bounded-map.ts';
import { StoreUnavailable } from '../room/history-store.ts';
import type { MarkArchive } from './mark-archive.ts';
import { MarkLane, type MarkLaneOptions } from './mark-lane.ts';
import { type MarkKey, type MarksPosition, MOST_MARK_KEYS, type StoredMark } from './mark-store.ts';

export interface MarksOptions extends MarkLaneOptions {
  readonly archive: MarkArchive;
  /** True while MongoDB is unavailable: it is not asked then. */
  readonly isArchiveQuiet: () => boolean;
}

/** Users in rooms whose last marks are remembered: 5 MB. Of others they are read before a write. */
const MOST_REMEMBERED = 20_000;

/** Marks of users in rooms: offsets up to which they have read, and up to which something was delivered to them. */
export class Marks {
  readonly #options: MarksOptions;
  readonly #lanes = new BoundedMap<string, MarkLane>(MOST_REMEMBERED);

  constructor(options: MarksOptions) {
    this.#options = options;
  }

  /**
   * Reads marks, in the order of their keys; null where that is not known: MongoDB may have them, and is away. Includes every mark that
   * was stored before the call on this gateway, and those of other gateways but for the first moments of a user's first mark.
   * @throws {ReadFailed} if NATS does not answer
   */
  async of(keys: readonly MarkKey[]): Promise<readonly (Mark | null)[]> {
    const found: (Mark | null)[] = [];
    for (let start = 0; start < keys.length; start += MOST_MARK_KEYS)
      found.push(...(await this.#read(keys.slice(start, start + MOST_MARK_KEYS))));
    return keys.map((key, index) => {
      const stored = found[index] ?? null;
      const own = this.#lanes.get(nameOf(key))?.mark ?? NO_MARK;
      return stored || own.delivered > 0 ? mergedMarks(stored ?? NO_MARK, own) : null;
    });
  }

  /**
   * Reads marks as NATS has them, in the order of their keys, without MongoDB; null where NATS has none.
   * @returns `isWhole` false if the marks of a moment ago may be missing, see {@link MarkStore.read}
   * @throws {ReadFailed} if NATS does not answer
   */
  async kept(
    keys: readonly MarkKey[],
  ): Promise<{ readonly marks: readonly (StoredMark | null)[]; readonly isWhole: boolean }> {
    const marks: (StoredMark | null)[] = [];
    let isWhole = true;
    for (let start = 0; start < keys.length; start += MOST_MARK_KEYS) {
      const found = await this.#options.store.read(keys.slice(start, start + MOST_MARK_KEYS));
      isWhole &&= found.some(mark => mark !== null);
      marks.push(...found);
    }
    return { marks, isWhole };
  }

  /** Reads the place of the last write of marks, in NATS. @throws {ReadFailed} if NATS does not answer */
  position(): Promise<MarksPosition> {
    return this.#options.store.position();
  }

  /** Marks in NATS, and those in MongoDB where NATS has none: they were removed there. Null where that is not known. */
  async #read(keys: readonly MarkKey[]): Promise<readonly (StoredMark | null)[]> {
    const { store, archive, isArchiveQuiet } = this.#options;
    const stored = await store.read(keys);
    const lacking = keys.filter((_, index) => !stored[index]);
    if (lacking.length === 0 || isArchiveQuiet()) return stored;
    const archived = await archive.read(lacking).catch((error: unknown) => {
      if (error instanceof StoreUnavailable) return null;
      throw error;
    });
    if (!archived) return stored;
    const marks = new Map(lacking.map((key, index) => [key, archived[index] ?? NO_MARK]));
    return keys.map((key, index) => stored[index] ?? { ...(marks.get(key) ?? NO_MARK), revision: 0 });
  }

  /**
   * Raises marks of a user. A lower one changes nothing. Resolves once all, or higher ones, are stored: those of a room are written at
   * most once a second.
   * @returns whether each was above what was stored
   * @throws {PublishFailed} {@link ReadFailed} if NATS does not answer: some may be stored
   */
  async raise(user: string, given: readonly (readonly [room: string, mark: Mark])[]): Promise<readonly boolean[]> {
    const keys = given.map(([room]) => ({ user, room }));
    await this.#load(keys.filter(key => !this.#lanes.has(nameOf(key))));
    return await Promise.all(
      given.map(async ([room, mark]) => {
        const lane = this.#lane({ user, room });
        try {
          return await lane.raise(mark);
        } catch (error) {
          this.#lanes.delete(nameOf({ user, room })); // its revision is not known any more
          throw error;
        }
      }),
    );
  }

  async #load(keys: readonly MarkKey[]): Promise<void> {
    if (keys.length === 0) return;
    const found = await this.#read(keys);
    for (const [index, key] of keys.entries()) {
      const stored = found[index] ?? { ...NO_MARK, revision: 0 };
      // Another call may have loaded it meanwhile.
      if (!this.#lanes.has(nameOf(key))) this.#lanes.set(nameOf(key), new MarkLane(key, stored, this.#options));
    }
  }

  /** Lane of a key, moved to the end of the order in which lanes are given up. */
  #lane(key: MarkKey): MarkLane {
    const lane = this.#lanes.get(nameOf(key)) ?? new MarkLane(key, { ...NO_MARK, revision: 0 }, this.#options);
    this.#lanes.set(nameOf(key), lane);
    return lane;
  }
}

const nameOf = ({ user, room }: MarkKey) => `${user}\n${room}`;
