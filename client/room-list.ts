import { type CallError, callErrorOf } from './call-error.ts';
import { Listeners } from './listeners.ts';
import type { Publication } from './transport.ts';
import type { ParamsOf, ResultOf } from './verbs.ts';

/** Room in the user's list. `name` is empty for a room without one. */
export type ListedRoom = Pick<ResultOf<'room.list'>['items'][number], 'room' | 'name' | 'state'>;

/** Types of inbox entries after which the list may be another one. */
const ABOUT_ROOMS: ReadonlySet<string | null> = new Set(['member', 'invite']);

type ReadPage = (params: ParamsOf<'room.list'>) => Promise<ResultOf<'room.list'>>;

/**
 * Rooms that the user is a member of, is invited to or has asked for. Read at every connect, and again when the user's inbox
 * says that something has changed.
 */
export class RoomList {
  /** Emits when {@link rooms} or {@link error} has changed. */
  readonly changed = new Listeners();
  readonly #read: ReadPage;
  #rooms: readonly ListedRoom[] = [];
  #loaded = false;
  #error: CallError | null = null;
  #reading: Promise<void> | null = null;
  #again = false;

  /** @param read reads a page; tried again after temporary errors */
  constructor(read: ReadPage) {
    this.#read = read;
  }

  /** Ascending by room. */
  get rooms(): readonly ListedRoom[] {
    return this.#rooms;
  }

  /** True once the whole list was read. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** Error of the last read, after which {@link rooms} are those of the one before; null if it succeeded. */
  get error(): CallError | null {
    return this.#error;
  }

  /** Reads the list. A call during a read makes one more behind it. Never rejects, see {@link error}. */
  refresh(): Promise<void> {
    this.#again = true;
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  /** Takes an entry of the user's inbox. */
  entry({ type }: Pick<Publication, 'type'>): void {
    if (ABOUT_ROOMS.has(type)) void this.refresh();
  }

  async #readAll(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        this.#rooms = await this.#pages();
        this.#loaded = true;
        this.#error = null;
      } catch (thrown) {
        this.#error = callErrorOf(thrown);
      }
      this.changed.emit();
    }
  }

  async #pages(): Promise<readonly ListedRoom[]> {
    const rooms: ListedRoom[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await this.#read(cursor === undefined ? {} : { cursor });
      rooms.push(...page.items.map(({ room, name, state }) => ({ room, name, state })));
      cursor = page.cursor;
      if (cursor === undefined) return rooms;
    }
  }
}
