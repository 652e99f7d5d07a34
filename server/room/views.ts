import type { DeleteEntry, EditEntry, HideEntry, ReactionEntry } from '../fold/entry.ts';
import type { FoldedMessage } from '../fold/room-fold.ts';
import type { LoggedMessage } from './history-store.ts';

/** An entry that does not count: nothing of it may be left. */
export interface VoidEntry {
  readonly type: 'void';
  readonly offset: number;
  /** Id of the entry; empty for a bare publish. */
  readonly id: string;
  /** Type that the entry has in LOG. */
  readonly was: string;
}

/** An entry of a room's log that changes stored messages, or hides them from its user. */
export interface MessageChange {
  /** Room whose log has the entry: for a hide the inbox of its user. */
  readonly room: string;
  readonly epoch: string;
  readonly entry: EditEntry | DeleteEntry | ReactionEntry | HideEntry | VoidEntry;
}

/** An entry whose body the store does not have any more, because its message was deleted, or because it does not count. */
export interface Erased {
  readonly room: string;
  readonly offset: number;
  readonly type: string;
  /** Id of the entry; null if it is not known, of an edit. */
  readonly id: string | null;
}

/** Moment of LOG from which an erasure waits. */
export interface ErasureTime {
  /** Offset that is not above that of the entry that asks for it. */
  readonly at: number;
  /** Time, in milliseconds since 1970, at which LOG had that entry and the one to erase. */
  readonly storedAt: number;
}

/** An entry that is to be erased in LOG and LIVE. */
export interface Erasure extends Erased, ErasureTime {
  /** Key in the store. */
  readonly key: string;
}

/** Position up to which the changes of a partition are in the stored messages. */
export interface ViewPosition {
  readonly epoch: string;
  readonly at: number;
  /** Offset up to which stored messages are marked as countable or not. Default: 0. */
  readonly counted?: number;
}

/**
 * Writes of folded messages, for the worker that folds a partition. Each call rejects with {@link StoreUnavailable} if the result
 * is unknown; every call is idempotent. A call that resolves has made its change durable.
 */
export interface ViewWriter {
  /** Reads the saved position of a partition; null for none. */
  readPosition(partition: number): Promise<ViewPosition | null>;
  /**
   * Applies entries of a partition, ascending by offset. Entries may come again, from any position that was saved once, if those
   * after it come again too. All entries up to the last one must be stored before.
   * @returns entries whose texts are gone now, or were before: the caller erases them elsewhere
   */
  applyChanges(partition: number, changes: readonly MessageChange[]): Promise<readonly Erased[]>;
  /**
   * Saves a position, after everything up to it was applied.
   * @param from position that was saved last; null for none
   * @param lease epoch of the caller's lease
   * @returns false if the saved position is another one, or a later holder saved it: nothing is saved then
   */
  savePosition(partition: number, from: ViewPosition | null, to: ViewPosition, lease: number): Promise<boolean>;
  /** Epoch of the lease under which the position of a partition was saved; 0 for none. */
  positionLease(partition: number): Promise<number>;
}

/** Entries of a partition that the store has, ascending by offset. */
export interface EntryPage {
  readonly entries: readonly LoggedMessage[];
  /** Offset up to which the page has all of them. */
  readonly upto: number;
}

/** Reads of stored entries, for the worker that folds a partition. */
export interface EntryReader {
  /**
   * Reads the first entries of a partition that are of certain types, with `after < offset <= upto`. Those of earlier releases lack
   * `targets`, `cv` and `seen`.
   * @param range.limit most entries of each type
   * @throws {StoreUnavailable}
   * @throws {Error} if the index is missing that makes it a short read
   */
  readEntries(
    partition: number,
    types: readonly string[],
    range: { readonly after: number; readonly upto: number; readonly limit: number },
  ): Promise<EntryPage>;
  /**
   * Reads the first entries of rooms of one partition, of any type, with the version that their author was checked against. Those of
   * earlier releases lack it and are left out. Ranges are as in {@link readEntries}.
   * @throws {StoreUnavailable}
   */
  readChecked(
    rooms: readonly string[],
    range: { readonly after: number; readonly upto: number; readonly limit: number },
  ): Promise<EntryPage>;
}

/**
 * Entries of LOG and LIVE that are to be erased later, for the worker that folds a partition. Calls reject as those of
 * {@link ViewWriter} do, and may be repeated.
 */
export interface ErasureList {
  /** Adds entries to the list of a partition. */
  noteErasures(partition: number, time: ErasureTime, entries: readonly Erased[]): Promise<void>;
  /** Reads the first entries of the list, ascending by {@link ErasureTime.at}. */
  readErasures(partition: number, limit: number): Promise<readonly Erasure[]>;
  /** Takes entries off the list. */
  dropErasures(erasures: readonly Erasure[]): Promise<void>;
}

/** Place of a message. */
export interface MessagePlace {
  readonly room: string;
  readonly offset: number;
}

/** Bounds of a page, exclusive. */
export interface PageRange {
  /** 0 for the beginning. */
  readonly after: number;
  /** Infinity for no bound. */
  readonly before: number;
  /** At least 1. */
  readonly limit: number;
  /** True for the last messages before the upper bound. */
  readonly reverse: boolean;
}

/** Messages of a range, ascending by offset. */
export interface FoldedPage {
  readonly messages: readonly FoldedMessage[];
  /**
   * Offset at which the read ended before it had the limit, because too many messages in a row are left out: the range is to be read
   * on from there. Null if it had the limit or the whole range.
   */
  readonly skippedTo: number | null;
}

/**
 * Reads of folded messages, for gateways. Each call rejects with {@link StoreUnavailable}, and with nothing else, if the store does
 * not answer. A message has all entries in it up to the position that was saved before the call, and perhaps some after that.
 */
export interface ViewReader {
  /** Offset up to which entries of a partition are in its stored messages; 0 for none. */
  viewedUpTo(partition: number): Promise<number>;
  /** Messages of a room, without other entries and without those that do not count. */
  readFolded(room: string, range: PageRange): Promise<FoldedPage>;
  /** The messages of a room at these offsets, in any order. A missing one is left out. */
  findFolded(room: string, offsets: readonly number[]): Promise<readonly FoldedMessage[]>;
  /** The messages at places, at most one a room, by room. A missing one is left out. */
  findEach(places: readonly MessagePlace[]): Promise<ReadonlyMap<string, FoldedMessage>>;
  /** Offsets from `from` to `to`, both included, of messages of a room that a user has hidden. */
  hidden(user: string, room: string, from: number, to: number): Promise<readonly number[]>;
  /** Places, of at most 1,000, whose messages a user has hidden. */
  hiddenOf(user: string, places: readonly MessagePlace[]): Promise<readonly MessagePlace[]>;
}
