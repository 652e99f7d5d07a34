import { type FoldedMessage, unchanged } from '../fold/room-fold.ts';
import type { Filter } from '../room/filtered-reader.ts';
import { type HistoryStore, StoreUnavailable } from '../room/history-store.ts';
import type { Newest, RoomLog } from '../room/log.ts';
import type { StoredMessage } from '../room/message.ts';
import type { MessagePlace, ViewReader } from '../room/views.ts';
import { entriesOf } from './entries.ts';
import type { FoldedRooms } from './folded-rooms.ts';
import type { Hidden } from './hidden.ts';
import { visiblePage } from './visible-page.ts';

export interface LastMessagesOptions {
  readonly log: Pick<RoomLog, 'partitionOf' | 'newest'>;
  readonly store: Pick<ViewReader, 'findEach'> & Pick<HistoryStore, 'quiet'>;
  readonly folded: Pick<FoldedRooms, 'page' | 'viewedUpTo'>;
  readonly hidden: Pick<Hidden, 'of' | 'roomsOf'>;
  /** Leaves out entries that do not count. */
  readonly counting: Filter;
}

/** A room whose last message is asked for. */
export interface AskedRoom {
  readonly room: string;
  /** Offset above which the user may read; Infinity for nothing. */
  readonly readableAbove: number;
}

/** End of a room as a user sees it. */
export interface RoomEnd {
  /** Offset of the last entry; 0 if only MongoDB has entries. */
  readonly top: number;
  /** Null for none, for one that only MongoDB has while it does not answer, and for one below some 900 that the user has hidden. */
  readonly message: FoldedMessage | null;
  /** See {@link Newest.countable}. */
  readonly countable: number | null;
  /**
   * True if workers have noted the message, and with it every act on members below it: documents of users that are read now have
   * them.
   */
  readonly isNoted: boolean;
  /** True if MongoDB has every entry of the room, as far as its views are concerned: its name there is the one of the last update. */
  readonly isViewed: boolean;
}

/** Messages known so far: `at` is an offset whose message MongoDB has with all changes; null is no message; undefined is not known. */
type Found = { readonly message: FoldedMessage } | { readonly at: number } | null | undefined;

const NOTHING: Newest = { top: 0, entry: null, countable: null };

/** Rooms that are read one by one at the same time. */
const READS = 8;

/**
 * Last messages of many rooms, with all changes in them: those that `message.list` answers as the newest. Their texts stand in LOG and in
 * MongoDB alone, and are read for each answer. Most need no read of their own: a message that is the last entry of its room
 * comes with that, and of others the digest in LAST has the offset, so that MongoDB is asked for all of them together. What is
 * left are rooms with a change in the last seconds, rooms whose digest does not have the offset, and messages that the user has hidden:
 * those are read as a page.
 */
export class LastMessages {
  readonly #options: LastMessagesOptions;

  constructor(options: LastMessagesOptions) {
    this.#options = options;
  }

  /**
   * Reads the ends of rooms.
   * @param asked at most 1,000
   * @throws {ReadFailed} if NATS does not answer
   */
  async of(user: string, asked: readonly AskedRoom[]): Promise<ReadonlyMap<string, RoomEnd>> {
    const partitions = [...Map.groupBy(asked, ({ room }) => this.#options.log.partitionOf(room))];
    const known = new Map<string, Newest>();
    const found = new Map<string, Found>();
    const views = new Map<number, number>();
    await Promise.all(
      partitions.map(async ([partition, rooms]) => {
        const names = rooms.map(({ room }) => room);
        const [newest, viewed] = await Promise.all([
          this.#options.log.newest(partition, names),
          this.#viewedUpTo(partition),
        ]);
        views.set(partition, viewed);
        await Promise.all(
          rooms.map(async ({ room, readableAbove }) => {
            const end = newest.get(room) ?? NOTHING;
            known.set(room, end);
            found.set(room, readableAbove === Number.POSITIVE_INFINITY ? null : await this.#look(room, end, viewed));
          }),
        );
      }),
    );
    const limits = new Map(asked.map(({ room, readableAbove }) => [room, readableAbove]));
    const messages = await this.#visible(user, await this.#readStored(found), limits);
    return new Map(
      asked.map(({ room }) => {
        const { top, entry, countable } = known.get(room) ?? NOTHING;
        const message = messages.get(room) ?? null;
        const isNoted = message !== null && message.offset <= (countable ?? 0);
        // What LOG does not have any more was purged, which waits for the views.
        const isPurged = entry === null && top === (countable ?? 0);
        const isViewed = isPurged || top <= (views.get(this.#options.log.partitionOf(room)) ?? -1);
        return [room, { top, message, countable, isNoted, isViewed }];
      }),
    );
  }

  /** Looks for a message in what is known of a room. @param viewed offset up to which MongoDB has every entry */
  async #look(room: string, { top, entry, countable }: Newest, viewed: number): Promise<Found> {
    if (countable === 0) return null;
    if (entry?.type === 'message' && (countable === null || countable === entry.offset)) {
      const message = countable === null ? await this.#counting(room, entry) : messageOf(entry);
      if (message) return { message };
    }
    return countable !== null && top <= viewed ? { at: countable } : undefined;
  }

  /** Message of an entry that workers have not come to yet; undefined for one that does not count. */
  async #counting(room: string, entry: StoredMessage): Promise<FoldedMessage | undefined> {
    const counted = await this.#options.counting(room, [entry]).catch((error: unknown) => {
      if (error instanceof StoreUnavailable) return [];
      throw error;
    });
    return counted.length > 0 ? messageOf(entry) : undefined;
  }

  /** Offset up to which MongoDB has every entry; -1 while it does not answer. */
  async #viewedUpTo(partition: number): Promise<number> {
    const { folded, store } = this.#options;
    if (store.quiet()) return -1;
    return await folded.viewedUpTo(partition).catch(ignoreOutage(-1));
  }

  /** Reads messages that MongoDB has, in place of their offsets. */
  async #readStored(found: ReadonlyMap<string, Found>): Promise<Map<string, FoldedMessage | null | undefined>> {
    const places = [...found].flatMap(([room, known]) => (known && 'at' in known ? [{ room, offset: known.at }] : []));
    const { store } = this.#options;
    const stored =
      places.length === 0
        ? new Map<string, FoldedMessage>()
        : await store.findEach(places).catch(ignoreOutage(new Map<string, FoldedMessage>()));
    return new Map(
      [...found].map(([room, known]) => [room, known && ('at' in known ? stored.get(room) : known.message)] as const),
    );
  }

  /** Leaves out what a user may not read or has hidden, and reads the rooms that are left one by one. */
  async #visible(
    user: string,
    found: ReadonlyMap<string, FoldedMessage | null | undefined>,
    limits: ReadonlyMap<string, number>,
  ): Promise<Map<string, FoldedMessage | null>> {
    const { hidden } = this.#options;
    const places: MessagePlace[] = [...found].flatMap(([room, message]) =>
      message ? [{ room, offset: message.offset }] : [],
    );
    const without = places.length === 0 ? new Set<string>() : await hidden.roomsOf(user, places);
    const messages = new Map<string, FoldedMessage | null>();
    const rest: AskedRoom[] = [];
    for (const [room, message] of found) {
      const readableAbove = limits.get(room) ?? 0;
      if (message === undefined || without.has(room)) rest.push({ room, readableAbove });
      else messages.set(room, message && message.offset > readableAbove ? message : null);
    }
    const waiting = rest.values();
    const lane = async () => {
      for (const each of waiting) messages.set(each.room, await this.#read(user, each));
    };
    await Promise.all(Array.from({ length: READS }, lane));
    return messages;
  }

  async #read(user: string, { room, readableAbove }: AskedRoom): Promise<FoldedMessage | null> {
    const range = { after: readableAbove, before: Number.POSITIVE_INFINITY, limit: 1, reverse: true };
    const page = await visiblePage(this.#options, user, room, range).catch(ignoreOutage(null));
    return page?.messages.at(-1) ?? null;
  }
}

/** Message of an entry that is the last one of its room; undefined for one that no gateway wrote. */
function messageOf(stored: StoredMessage): FoldedMessage | undefined {
  const [entry] = entriesOf([stored]);
  return entry?.type === 'message' ? unchanged(entry) : undefined;
}

/** Makes a handler of errors that answers in place of MongoDB while it is away. */
const ignoreOutage =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (error instanceof StoreUnavailable) return instead;
    throw error;
  };
