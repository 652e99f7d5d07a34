import type { StoredMessage } from '../room/message.ts';

/** What the gateway asks of the durable history. Every call rejects with {@link StoreUnavailable} when MongoDB is away. */
export interface HistoryStore {
  /**
   * Messages of a room with `after < offset < before`, ascending, or descending if `reverse`.
   * @param range.after exclusive, 0 for the beginning
   * @param range.before exclusive, Infinity for no bound
   * @param range.limit at least 1
   */
  read(
    room: string,
    range: { readonly after: number; readonly before: number; readonly limit: number; readonly reverse: boolean },
  ): Promise<StoredMessage[]>;
  /** How many messages of a room have `after < offset < before`, counted up to `most`. */
  count(room: string, range: { readonly after: number; readonly before: number }, most: number): Promise<number>;
  /** The first message stored under a deduplication key, or null. */
  findByDedupe(dedupe: string): Promise<Pick<StoredMessage, 'offset' | 'epoch'> | null>;
}

/** What the worker asks. */
export interface MessageWriter {
  /**
   * Stores a batch, idempotently: a message that is there already is success. Resolves with the messages the database
   * refused for what they are, each with its reason; rejects with {@link StoreUnavailable} when nothing is known.
   */
  write(
    partition: number,
    batch: readonly StoredMessage[],
  ): Promise<{ readonly rejected: readonly { readonly message: StoredMessage; readonly reason: string }[] }>;
  /** Sets a refused message aside in the collection `rejected`, with the reason. Idempotent. */
  setAside(message: StoredMessage, reason: string): Promise<void>;
  /** Highest offset ever stored for a partition, 0 if none. */
  floor(partition: number): Promise<number>;
}

/** The database could not be asked or did not answer: nothing is known about the messages. */
export class StoreUnavailable extends Error {
  constructor(cause: unknown) {
    super('the message store is unavailable', { cause });
    this.name = 'StoreUnavailable';
  }
}
