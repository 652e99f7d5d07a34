import { type Clock, systemClock } from '../server/time/clock.ts';
import { Bumps } from './bumps.ts';
import { type CallError, callErrorOf } from './call-error.ts';
import { Listeners } from './listeners.ts';
import type { ListedRoom, SyncedRooms } from './synced-rooms.ts';
import type { Publication } from './transport.ts';
import type { ParamsOf, ResultOf } from './verbs.ts';

export type { ListedRoom } from './synced-rooms.ts';

/** Types of inbox entries after which the list may be another one. */
const ABOUT_ROOMS: ReadonlySet<string | null> = new Set(['member', 'invite', 'dm']);

type ReadPage = (params: ParamsOf<'room.list'>) => Promise<ResultOf<'room.list'>>;

/**
 * Rooms that the user is a member of, is invited to or has asked for. Read at every connect, and again when the user's inbox
 * says that something has changed: by `sync`, which brings what has changed, and by `room.list` from a server without it.
 */
export class RoomList {
  /** Emits when {@link rooms} or {@link error} has changed. */
  readonly changed = new Listeners();
  readonly #read: ReadPage;
  readonly #synced: SyncedRooms | null;
  readonly #bumps: Bumps;
  #rooms: readonly ListedRoom[] = [];
  /** Rooms that have ended for the user, and of which the inbox has not said so. */
  readonly #ended = new Set<string>();
  #loaded = false;
  #error: CallError | null = null;
  #reading: Promise<void> | null = null;
  #again = false;

  /** @param read reads a page of `room.list`; tried again after temporary errors @param synced null to read whole lists alone */
  constructor(read: ReadPage, synced: SyncedRooms | null = null, clock: Pick<Clock, 'now' | 'after'> = systemClock) {
    this.#bumps = new Bumps(clock, () => void this.refresh());
    this.#read = read;
    this.#synced = synced;
    this.#rooms = synced?.rooms ?? [];
  }

  /** Ascending by room; before the list is {@link loaded} as it was saved. */
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

  /**
   * Takes a room off the list that has ended for the user, and reads the list again. The room stays off until the inbox has an entry
   * about it: before, the list of the server may still have it.
   */
  removed(room: string): void {
    this.#ended.add(room);
    this.#rooms = this.#rooms.filter(listed => listed.room !== room);
    this.changed.emit();
    void this.refresh();
  }

  /** Takes an entry of the user's inbox. */
  entry({ type, data }: Pick<Publication, 'type' | 'data'>): void {
    // A last message may be one that another device has hidden, which is no change of its room.
    if (type === 'hide') this.#synced?.restart();
    if (!ABOUT_ROOMS.has(type)) return;
    const { room } = (data ?? {}) as { readonly room?: unknown };
    if (typeof room === 'string') this.#ended.delete(room);
    void this.refresh();
  }

  /** Takes an event of the server, if it says that rooms have new messages. */
  heard(data: unknown): void {
    this.#bumps.heard(data);
  }

  /** Reads the list for a new connection, which may have missed entries of the inbox. */
  connected(): void {
    this.#ended.clear();
    void this.refresh();
  }

  async #readAll(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        const all = (await this.#synced?.read()) ? (this.#synced?.rooms ?? []) : await this.#pages();
        this.#rooms = all.filter(({ room }) => !this.#ended.has(room));
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
      rooms.push(...page.items);
      cursor = page.cursor;
      if (cursor === undefined) return rooms;
    }
  }
}
