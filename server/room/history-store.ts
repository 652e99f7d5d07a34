import type { StoredMessage } from './message.ts';

/**
 * Reads of the durable history, for gateways. Calls may run at the same time. Each rejects with {@link StoreUnavailable}, and
 * with nothing else, if the store does not answer; it must do so within 5 s, after which clients give up. A call sees every
 * message whose write resolved before the call was made.
 */
export interface HistoryStore {
  /**
   * True while the store is unavailable or slow to answer: a caller with another source reads that first. Calls then reject or
   * resolve late. Costs nothing and never throws.
   */
  quiet(): boolean;
  /**
   * Messages of a room with `after < offset < before`, by offset, ascending, or descending if `reverse`. Several incarnations of
   * a stream may have used the same offset: a page holds all messages of its last offset, and may exceed `limit` by those.
   * @param range.after exclusive; 0 for the beginning
   * @param range.before exclusive; Infinity for no bound
   * @param range.limit at least 1
   */
  read(
    room: string,
    range: { readonly after: number; readonly before: number; readonly limit: number; readonly reverse: boolean },
  ): Promise<StoredMessage[]>;
  /** Number of messages of a room with `after < offset < before`; stops counting at `most`. */
  count(room: string, range: { readonly after: number; readonly before: number }, most: number): Promise<number>;
  /** Position of the stored message with this key, the lowest offset if there are several; null if none is stored. */
  findSent(key: SentKey): Promise<Pick<StoredMessage, 'offset' | 'epoch'> | null>;
}

/** Identity of a message as its client sent it: the same for each attempt to send it. */
export type SentKey = Pick<StoredMessage, 'id' | 'dedupe'>;

/** A message of a LOG stream. Partition, offset and `storedAt` together identify it, also in a stream that was restored. */
export interface LoggedMessage extends StoredMessage {
  /**
   * Time at which the stream stored it, microseconds since 1970. A restored copy keeps it;
   * another message at a reused offset differs.
   */
  readonly storedAt: number;
}

/** A message that cannot be stored in the history as it is. */
export interface RejectedMessage {
  readonly message: LoggedMessage;
  /** Reason as the database gave it. May quote the message, so it must not be logged. */
  readonly reason: string;
  /** Error code of the database, or `unreadable` for a message that no gateway wrote and no client could receive. */
  readonly code: number | 'unreadable';
  /** With `unreadable`: the raw header block; empty if the headers could be read. */
  readonly headers?: Uint8Array;
}

/**
 * Writes of the durable history, for workers. Several workers may write the same partition at the same time. Each call rejects
 * with {@link StoreUnavailable} if the result is unknown; the caller repeats it, so every call is idempotent. A call that
 * resolves has made its change durable: no failure of one server may undo it.
 */
export interface MessageWriter {
  /**
   * Stores a batch and then raises the floor of its partition to its highest offset. A message that is stored already is a
   * success. Resolves with the messages that the database refuses because of their content; the caller sets those aside.
   * @param reached highest offset that the batch was made of, if it is that of a message left out of the batch
   * @throws {StoreRolledBack} if the store lost messages; nothing is stored then
   */
  write(
    partition: number,
    batch: readonly LoggedMessage[],
    reached?: number,
  ): Promise<{ readonly rejected: readonly RejectedMessage[] }>;
  /**
   * Keeps a refused message apart from the history, with the reason; an unreadable one byte for byte. Raises the floor as
   * {@link write} does.
   * @throws {StoreRolledBack} if the store lost messages
   */
  setAside(partition: number, rejected: RejectedMessage): Promise<void>;
  /** Progress of a partition. */
  floor(partition: number): Promise<StoredFloor>;
  /**
   * Notes that every message up to `offset` is stored.
   * @throws {StoreRolledBack} if the store lost messages; nothing is noted then
   */
  complete(partition: number, offset: number): Promise<void>;
  /**
   * Accepts a loss of messages: {@link floor} no longer reports it, and writes go on from the floor that is left. The caller has
   * arranged that what LOG still holds is stored again.
   * @param upTo highest offset that is lost for ever, which counts as complete; 0 if nothing is
   */
  settle(partition: number, upTo: number): Promise<void>;
}

/** Progress of storing one partition. */
export interface StoredFloor {
  /** Highest offset that was stored; 0 for none. Below it, batches that other workers are writing may be missing. */
  readonly offset: number;
  /** Every message up to this offset is stored; null in a database that an earlier release wrote. */
  readonly complete: number | null;
  /** True if the store has less than it reported to this process before: it was restored, or is another one. */
  readonly rolledBack: boolean;
}

/** The store did not answer, or refused the operation: its result is unknown. */
export class StoreUnavailable extends Error {
  /** Sentence without secrets, such as `MongoDB refused the credentials`. */
  readonly reason: string;
  constructor(reason: string, cause?: unknown) {
    super(`the message store is unavailable: ${reason}`, { cause });
    this.name = 'StoreUnavailable';
    this.reason = reason;
  }
}

/** The store lost messages that it had. Those that LOG still holds must be stored again before any other. */
export class StoreRolledBack extends StoreUnavailable {
  constructor() {
    super('MongoDB lost messages that it had: it was restored, or is another one');
    this.name = 'StoreRolledBack';
  }
}
