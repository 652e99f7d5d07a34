import type { StoredMessage } from './message.ts';

/** What the gateway asks of the durable history. Every question rejects with {@link StoreUnavailable} when MongoDB is away. */
export interface HistoryStore {
  /**
   * True while MongoDB is known not to answer, or is slow to: whoever has another source takes that first. Calls are
   * refused, or answered late.
   */
  quiet(): boolean;
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
  /** The first message that was stored for a message as its client sent it, or null. */
  findSent(key: SentKey): Promise<Pick<StoredMessage, 'offset' | 'epoch'> | null>;
}

/** A message as its client sent it, the first time or again. */
export type SentKey = Pick<StoredMessage, 'id' | 'dedupe'>;

/** A message as a partition's stream holds it: what tells it from every other, also in a stream that was restored. */
export interface LoggedMessage extends StoredMessage {
  /** Microseconds since 1970 when the stream stored it. A copy keeps it; another message at a reused offset has its own. */
  readonly storedAt: number;
}

export interface RejectedMessage {
  readonly message: LoggedMessage;
  /** The database's words may quote the message: not for logs. */
  readonly reason: string;
  /** The database's error code, or that clients could not have had it for what is in it. */
  readonly code: number | 'unreadable';
  /** With `unreadable`: the header block as it came, empty where it is in order. */
  readonly headers?: Uint8Array;
}

/** What the worker asks. Every call rejects with {@link StoreUnavailable} when MongoDB is away. */
export interface MessageWriter {
  /**
   * Stores a batch, idempotently: a message that is there already is success. Resolves with the messages the database
   * refused for what they are; rejects when nothing is known, and then the batch is written again.
   * @param reached offset up to which the batch reaches, when messages that are not stored were left out of it
   */
  write(
    partition: number,
    batch: readonly LoggedMessage[],
    reached?: number,
  ): Promise<{ readonly rejected: readonly RejectedMessage[] }>;
  /**
   * Sets a message aside in the collection `rejected`, with the reason; an unreadable one byte for byte. Counts for the
   * floor as a stored one does. Idempotent.
   */
  setAside(partition: number, rejected: RejectedMessage): Promise<void>;
  /** How far a partition is stored. */
  floor(partition: number): Promise<StoredFloor>;
  /** Notes that everything up to `offset` is stored. @throws {StoreRolledBack} */
  complete(partition: number, offset: number): Promise<void>;
  /**
   * Takes what MongoDB has of a partition for all there is: what it lost is stored again from its floor on, or is lost.
   * @param upTo end of what is lost for ever; 0 when nothing is
   */
  settle(partition: number, upTo: number): Promise<void>;
}

/** How far MongoDB has a partition's messages. */
export interface StoredFloor {
  /** Highest offset ever stored, 0 if none; below it batches of other workers may be missing. */
  readonly offset: number;
  /** Everything up to here is stored; null in a database that an earlier release wrote. */
  readonly complete: number | null;
  /** MongoDB has less than it told this process before: it was restored, or is another one. */
  readonly fell: boolean;
}

/** The database could not be asked or did not answer: nothing is known about the messages. */
export class StoreUnavailable extends Error {
  /** For people, e.g. `MongoDB refused the credentials`. Holds no secret. */
  readonly reason: string;
  constructor(reason: string, cause?: unknown) {
    super(`the message store is unavailable: ${reason}`, { cause });
    this.name = 'StoreUnavailable';
    this.reason = reason;
  }
}

/** MongoDB lost messages that it had: what the streams still have of them is to be stored again before anything else. */
export class StoreRolledBack extends StoreUnavailable {
  constructor() {
    super('MongoDB lost messages that it had: it was restored, or is another one');
    this.name = 'StoreRolledBack';
  }
}
