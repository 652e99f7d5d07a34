import { CallError } from './call-error.ts';
import type { KeyValue } from './storage.ts';
import type { ParamsOf, ResultOf } from './verbs.ts';

/**
 * Room in the user's list. `name` is empty for a room without one; `user` is the other one, of the room of two users; `last` is the last
 * message, and `n` the count if it was 0, as of the last read: see {@link UnreadCounts} for counts.
 */
export type ListedRoom = Pick<
  ResultOf<'room.list'>['items'][number],
  'room' | 'name' | 'user' | 'state' | 'role' | 'last' | 'n'
>;

type Page = ResultOf<'sync'>;
/** Room with its partition, by which a reset names it. */
type KeptRoom = ListedRoom & Pick<Page['rooms'][number], 'partition'>;

export interface SyncedRoomsOptions {
  readonly storage: KeyValue;
  readonly user: string;
  /** Calls the verb; tried again after temporary errors. @throws {CallError} */
  readonly sync: (params: ParamsOf<'sync'>) => Promise<Page>;
  /** Called with each own mark that another device has raised. */
  readonly marked: (mark: Page['marks'][number]) => void;
}

const METHOD_NOT_FOUND = 104;
const BAD_REQUEST = 107;

/**
 * Rooms of the user with the cursor they belong to, in one value of the storage: so the list of the last run is there at once, and a
 * connection costs what has changed since.
 */
export class SyncedRooms {
  readonly #options: SyncedRoomsOptions;
  readonly #key: string;
  #rooms: ReadonlyMap<string, KeptRoom>;
  #cursor: string | undefined;
  #isOutdated = false;

  constructor(options: SyncedRoomsOptions) {
    this.#options = options;
    this.#key = `rooms/${options.user}`;
    const saved = savedOf(options.storage.get(this.#key));
    this.#rooms = new Map(saved?.rooms.map(room => [room.room, room]));
    this.#cursor = saved?.cursor;
  }

  /** Ascending by room, as of the last {@link read}; before the first as they were saved. */
  get rooms(): readonly ListedRoom[] {
    return [...this.#rooms.values()].sort((a, b) => (a.room < b.room ? -1 : 1));
  }

  /** Lets the next {@link read} read all rooms anew. */
  restart(): void {
    this.#isOutdated = true; // a page may be on its way to the cursor
  }

  /** Brings {@link rooms} up to date. @returns false if the server does not have the verb @throws {CallError} */
  async read(): Promise<boolean> {
    if (this.#isOutdated) this.#cursor = undefined;
    this.#isOutdated = false;
    for (let more = true; more; ) {
      const page = await this.#page();
      if (!page) return false;
      this.#take(page, this.#cursor === undefined);
      more = page.more;
    }
    return true;
  }

  /** @returns null if the server does not have the verb */
  async #page(): Promise<Page | null> {
    const { sync } = this.#options;
    try {
      return await sync(this.#cursor === undefined ? {} : { cursor: this.#cursor });
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (error.code === METHOD_NOT_FOUND) return null;
      if (error.code !== BAD_REQUEST || this.#cursor === undefined) throw error;
      this.#cursor = undefined; // it is none that this server takes
      return await sync({});
    }
  }

  #take({ cursor, rooms, left, marks, reset }: Page, isFirst: boolean): void {
    const { storage, marked } = this.#options;
    const outdated = new Set(reset);
    const kept = new Map([...this.#rooms].filter(([, { partition }]) => !isFirst && !outdated.has(partition)));
    for (const room of left) kept.delete(room);
    for (const { room, name, user, state, role, last, n, partition } of rooms)
      kept.set(room, {
        room,
        name,
        ...(user === undefined ? {} : { user }),
        state,
        ...(role === undefined ? {} : { role }),
        last,
        n,
        partition,
      });
    for (const mark of marks) {
      const room = kept.get(mark.room);
      if (room) kept.set(mark.room, { ...room, n: null }); // it has to be counted again
      marked(mark);
    }
    const isChanged = isFirst || rooms.length + left.length + marks.length + reset.length > 0;
    this.#rooms = kept;
    this.#cursor = cursor;
    // An older cursor belongs to the same list if nothing has changed.
    if (isChanged) storage.set(this.#key, JSON.stringify({ cursor, rooms: [...kept.values()] }));
  }
}

/** Reads a saved list; null for none, and for one that cannot be read. */
function savedOf(text: string | null): { readonly cursor: string; readonly rooms: readonly KeptRoom[] } | null {
  try {
    const { cursor, rooms } = (JSON.parse(text ?? 'null') ?? {}) as { cursor?: unknown; rooms?: unknown };
    const isList = Array.isArray(rooms) && rooms.every(each => typeof (each as KeptRoom | null)?.room === 'string');
    return typeof cursor === 'string' && isList ? { cursor, rooms: rooms as KeptRoom[] } : null;
  } catch {
    return null;
  }
}
