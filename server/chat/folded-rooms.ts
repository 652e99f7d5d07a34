import type { Entry } from '../fold/entry.ts';
import { type FoldedMessage, RoomFold } from '../fold/room-fold.ts';
import type { Filter } from '../room/filtered-reader.ts';
import { type HistoryStore, StoreUnavailable } from '../room/history-store.ts';
import { leaderHasNoMore } from '../room/leader-end.ts';
import { ReadFailed, type RoomLog } from '../room/log.ts';
import type { StoredMessage } from '../room/message.ts';
import { readBackward } from '../room/read-backward.ts';
import { shareStarting } from '../room/share-starting.ts';
import type { PageRange, ViewReader } from '../room/views.ts';
import type { Moment } from '../time/clock.ts';
import { addEntries, entriesAfter, entriesOf } from './entries.ts';

export interface FoldedRoomsOptions {
  readonly log: RoomLog;
  readonly store: ViewReader & Pick<HistoryStore, 'quiet'>;
  /** Leaves out entries that do not count. */
  readonly counting: Filter;
  readonly now: () => Moment;
}

/** Messages as they are after all entries up to an offset, and perhaps some after that. */
export interface Folded {
  /** Ascending by offset. */
  readonly messages: readonly FoldedMessage[];
  /** A subscription from here continues without a gap. Folding an entry again that is in a message changes nothing. */
  readonly upto: number;
  /** Epoch that {@link upto} counts in. */
  readonly epoch: string;
}

/** Messages of a range. */
export interface FoldedRange extends Folded {
  /**
   * Offset from which the range is to be read on, if there is no message only because too many in a row are left out. Null for every
   * other page.
   */
  readonly skippedTo: number | null;
}

/** Entries of a room from LOG: all from `from` on, up to `upto`. */
interface Fresh {
  readonly entries: readonly Entry[];
  readonly from: number;
  readonly upto: number;
}

interface HotPage extends Omit<Folded, 'epoch'> {
  readonly isWhole: boolean;
}

/** Attempts to read LOG while a purge comes between. */
const ATTEMPTS = 4;
/** Age up to which a position of the views is used: an older one is right too, but more of LOG is read above it. */
const POSITION_AGE_MS = 1_000;
/** Entries that are read from LOG for each message that is wanted: the others change messages. */
const ENTRIES_A_MESSAGE = 2;
const SPARE_ENTRIES = 20;
/** Entries of each further read from LOG, while none of those above has a message. */
const STEP = 1_000;
/** Entries without a message that are read for one page: about a second. Below them MongoDB is needed. */
const MOST_ENTRIES = 10_000;

/**
 * Reads messages of rooms with all changes in them: from MongoDB as far as its messages are folded, and from LOG above. The newest
 * messages are read from LOG alone if it has them, and all messages that LOG has while MongoDB is away.
 */
export class FoldedRooms {
  readonly #options: FoldedRoomsOptions;
  readonly #positions = new Map<number, { readonly at: Moment; readonly offset: number }>();

  /** Entries that the messages of MongoDB may lack, by room: many callers act in one room at the same time. */
  readonly #fresh: (room: string) => Promise<Fresh>;
  /** Answers of {@link find}, by room and offsets: many callers react to one message at the same time. */
  readonly #found: (key: string) => Promise<Folded>;

  constructor(options: FoldedRoomsOptions) {
    this.#options = options;
    this.#fresh = shareStarting((room: string) => this.#readFresh(room));
    this.#found = shareStarting((key: string) => {
      const [room, ...offsets] = JSON.parse(key) as [string, ...number[]];
      return this.#find(room, offsets);
    });
  }

  /**
   * Reads a page of a room. Deleted messages are in it without their texts. A page may be short.
   * @throws {ReadFailed} if LOG does not answer
   * @throws {StoreUnavailable} if MongoDB is needed and does not
   */
  async page(room: string, range: PageRange): Promise<FoldedRange> {
    const { log, store } = this.#options;
    const epoch = await log.currentEpoch(log.partitionOf(room));
    const isNewest = range.reverse && range.before === Number.POSITIVE_INFINITY;
    if (isNewest) {
      const found = await this.#hotBefore(room, range);
      if (found.isWhole || found.messages.length >= range.limit) return { ...found, epoch, skippedTo: null };
    }
    if (!store.quiet()) {
      try {
        return { ...(await this.#foldedPage(room, range)), epoch };
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
      }
    }
    const found = await (range.reverse ? this.#hotBefore(room, range, MOST_ENTRIES) : this.#hotAfter(room, range));
    if (found.messages.length === 0 && !found.isWhole) throw new StoreUnavailable('it does not answer');
    return { ...found, epoch, skippedTo: null };
  }

  /** Reads the messages of a room at these offsets; a missing one is left out. Rejects as {@link page} does. */
  find(room: string, offsets: readonly number[]): Promise<Folded> {
    return this.#found(JSON.stringify([room, ...offsets]));
  }

  async #find(room: string, offsets: readonly number[]): Promise<Folded> {
    const { log, store } = this.#options;
    const epoch = await log.currentEpoch(log.partitionOf(room));
    const wanted = new Set(offsets);
    const only = (messages: readonly FoldedMessage[]) => messages.filter(({ offset }) => wanted.has(offset));
    if (!store.quiet()) {
      try {
        const fresh = await this.#fresh(room);
        const old = offsets.filter(offset => offset < fresh.from);
        const known = old.length === 0 ? [] : await store.findFolded(room, old);
        const about = { ...fresh, entries: fresh.entries.filter(entry => isAbout(entry, wanted)) };
        return { messages: only(foldOf(known, about).messages()), upto: fresh.upto, epoch };
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
      }
    }
    const lowest = offsets.reduce((least, offset) => Math.min(least, offset), Number.MAX_SAFE_INTEGER);
    const entries = await entriesAfter(log, room, lowest - 1);
    // Read last: what a purge removed meanwhile is below the first offset now.
    if (lowest < (await this.#first(room))) throw new StoreUnavailable('it does not answer');
    const messages = addEntries(new RoomFold(), await this.#counted(room, entries)).messages();
    return { messages: only(messages), upto: entries.at(-1)?.offset ?? lowest - 1, epoch };
  }

  /**
   * Folds a message on up to an entry of the room that is stored.
   * @param upto offset up to which every entry is in the message
   */
  async foldOn(room: string, message: FoldedMessage, upto: number, to: number): Promise<FoldedMessage> {
    const entries: StoredMessage[] = [];
    for (let at = upto; at < to; ) {
      const page = await this.#options.log.readAfter(room, at, 500);
      entries.push(...page.messages.filter(({ offset }) => offset <= to));
      if (page.reached === at) throw new ReadFailed(`a replica of the stream of ${room} lags`);
      at = page.reached;
    }
    const fold = new RoomFold();
    fold.addFolded(message, upto);
    return addEntries(fold, await this.#counted(room, entries)).message(message.offset) ?? message;
  }

  /**
   * Reads the offset up to which every entry of a partition is in the messages of MongoDB. Up to a second old, so possibly too low,
   * never too high. Rejects as {@link page} does.
   */
  async viewedUpTo(partition: number): Promise<number> {
    const { log, store, now } = this.#options;
    const known = this.#positions.get(partition);
    if (known && now() - known.at < POSITION_AGE_MS) return known.offset;
    const at = now();
    // The views wait for the store at changes only: messages before them may not be stored yet.
    const offset = Math.min(await store.viewedUpTo(partition), await log.storedFloor(partition));
    this.#positions.set(partition, { at, offset });
    return offset;
  }

  async #readFresh(room: string): Promise<Fresh> {
    const { log } = this.#options;
    const partition = log.partitionOf(room);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const viewed = await this.viewedUpTo(partition);
      // Views that were dropped are behind LOG's beginning: what LOG does not have is in the messages since before that.
      const above = Math.max(viewed, (await this.#first(room)) - 1);
      const stored = await entriesAfter(log, room, above);
      const upto = stored.at(-1)?.offset ?? above;
      if ((await this.#first(room)) - 1 <= above)
        return { entries: await this.#counted(room, stored), from: above + 1, upto };
      this.#positions.delete(partition); // a purge removed some of them meanwhile: MongoDB has those
    }
    throw new ReadFailed(`the stream of ${room} is purged faster than it can be read`);
  }

  /**
   * Entries of stored ones, without those that do not count. States come from MongoDB only while POLICY is being filled: if it is
   * away then, a list with an entry too many is better than none.
   */
  async #counted(room: string, stored: readonly StoredMessage[]): Promise<Entry[]> {
    const counting = this.#options.counting(room, stored).catch((error: unknown) => {
      if (error instanceof StoreUnavailable) return stored;
      throw error;
    });
    return entriesOf(await counting);
  }

  async #first(room: string): Promise<number> {
    const { log } = this.#options;
    return (await log.state(log.partitionOf(room))).first;
  }

  async #foldedPage(room: string, range: PageRange): Promise<Omit<FoldedRange, 'epoch'>> {
    const fresh = await this.#fresh(room);
    // After LOG: what a purge removed from it meanwhile is in these. Not from there on: MongoDB still has what does not count.
    const older = { ...range, before: Math.min(range.before, fresh.from) };
    const { messages: known, skippedTo } =
      older.before - 1 > older.after
        ? await this.#options.store.readFolded(room, older)
        : { messages: [], skippedTo: null };
    const messages = within(foldOf(known, fresh).messages(), readOf(range, skippedTo));
    return { messages, upto: fresh.upto, skippedTo: messages.length === 0 ? skippedTo : null };
  }

  /** First messages of a range that LOG has. `isWhole` is false if MongoDB may have some of them. */
  async #hotAfter(room: string, range: PageRange): Promise<HotPage> {
    const entries = await entriesAfter(this.#options.log, room, range.after);
    // Read last: what a purge removed meanwhile is below the first offset now.
    if (range.after < (await this.#first(room)) - 1) return { messages: [], upto: 0, isWhole: false };
    const messages = within(addEntries(new RoomFold(), await this.#counted(room, entries)).messages(), range);
    return { messages, upto: entries.at(-1)?.offset ?? range.after, isWhole: true };
  }

  /** As {@link readBackward}, without a gap where a replica lags: one of the entries may be the delete of another. */
  async #backward(room: string, range: { readonly after: number; readonly before: number }, limit: number) {
    const { log } = this.#options;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const found = await readBackward(log, room, range, limit);
      if (await leaderHasNoMore(log, room, found[0]?.offset ?? range.after, range.before)) return found;
    }
    throw new ReadFailed(`a replica of the stream of ${room} lags`);
  }

  /**
   * Last messages of a range that LOG has. `isWhole` is false if MongoDB may have more of them.
   * @param most entries after which the search for a first message ends; default: one read
   */
  async #hotBefore(room: string, range: PageRange, most = 0): Promise<HotPage> {
    const { log } = this.#options;
    const { first, last } = await log.state(log.partitionOf(room));
    const before = Math.min(range.before, last + 1);
    // An empty stream may begin at 0.
    const removed = Math.max(first - 1, 0);
    const bottom = Math.max(range.after, removed);
    const above = before > last ? [] : await entriesAfter(log, room, before - 1);
    const fold = addEntries(new RoomFold(), await this.#counted(room, above));
    let upto = above.at(-1)?.offset;
    let read = 0;
    for (let [end, count] = [before, range.limit * ENTRIES_A_MESSAGE + SPARE_ENTRIES]; ; count = STEP) {
      const entries = await this.#backward(room, { after: bottom, before: end }, count);
      upto ??= entries[0]?.offset;
      read += entries.length;
      addEntries(fold, await this.#counted(room, entries));
      const reached = entries.length < count ? bottom : (entries.at(-1)?.offset ?? 1) - 1;
      // Read last: what a purge removed meanwhile is below the first offset now.
      const oldest = Math.max(reached, (await this.#first(room)) - 1);
      const messages = within(fold.messages(), { ...range, after: oldest });
      const isEnd = reached === bottom || oldest > reached;
      if (messages.length > 0 || isEnd || read >= most)
        return { messages, upto: upto ?? removed, isWhole: oldest <= range.after };
      end = reached + 1;
    }
  }
}

/** True for an entry that makes or changes a message at one of these offsets. */
function isAbout(entry: Entry, offsets: ReadonlySet<number>): boolean {
  if (entry.type === 'message') return offsets.has(entry.offset);
  if (entry.type === 'delete') return entry.targets.some(({ target }) => offsets.has(target));
  return offsets.has(entry.target);
}

function foldOf(known: readonly FoldedMessage[], { entries, from }: Fresh): RoomFold {
  const fold = new RoomFold();
  for (const message of known) fold.addFolded(message, from - 1);
  return addEntries(fold, entries);
}

/** Part of a range that was read: MongoDB may have more messages between its end and those of LOG. */
function readOf(range: PageRange, skippedTo: number | null): PageRange {
  if (skippedTo === null) return range;
  return range.reverse ? { ...range, after: skippedTo - 1 } : { ...range, before: skippedTo + 1 };
}

/** Messages of a range, at most its limit. */
function within(messages: readonly FoldedMessage[], { after, before, limit, reverse }: PageRange): FoldedMessage[] {
  const inside = messages.filter(({ offset }) => offset > after && offset < before);
  return reverse ? inside.slice(-limit) : inside.slice(0, limit);
}
