import type { Envelope, StoredMessage } from './message.ts';

/** What rooms need of the streams. Every read rejects with ReadFailed when nothing is known. */
export interface RoomLog {
  readonly partitions: number;
  partitionOf(room: string): number;
  /**
   * Sends before it returns, so that two calls are stored in the order of the calls.
   * Rejects with {@link PublishFailed} when the message is not, or perhaps not, stored, and with {@link MessageRefused} when it
   * never will be.
   */
  publish(room: string, body: Uint8Array, envelope: Envelope): Promise<Stored>;
  /** Delivers the room's live messages, until `stop`. */
  watch(room: string, live: (message: LiveMessage) => void): Watch;
  /** Messages with an offset above `after` that are in LOG, ascending, at most `limit`; stale by what the replica lags. */
  readAfter(room: string, after: number, limit: number): Promise<LogPage>;
  /** The room's last message in LOG with an offset below `before`, which may be at most one above LOG's last; or null. */
  readLastBelow(room: string, before: number): Promise<StoredMessage | null>;
  /** Offset of the room's last message in LOG, asked of the leader; 0 if it has none. */
  top(room: string): Promise<number>;
  /** Offset of the room's first message above `after`, asked of the leader; 0 if there is none. */
  next(room: string, after: number): Promise<number>;
  /** Last messages of at most 1,000 rooms of one partition, from any replica. */
  tops(partition: number, rooms: readonly string[]): Promise<Tops>;
  /**
   * For rooms of one partition without a message in LOG: the offset above which none of a room's messages was purged from
   * LOG, as of after the call. At the room's last message where that was noted, else below LOG's first message.
   * @param rooms at most 1,000
   */
  purgedTops(partition: number, rooms: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /**
   * Epoch of a partition's LOG, at most 10 s old while the leader answers; older while it does not.
   * @throws {ReadFailed} while none is known
   */
  currentEpoch(partition: number): Promise<string>;
  /** State of a partition as the leader knows it, asked after the call. Concurrent calls share one request. */
  state(partition: number): Promise<PartitionState>;
  /** Milliseconds in which LOG recognises a repeated id, as it was last seen; Infinity before. Its options may lag behind ours. */
  dedupeMs(partition: number): number;
  /** Everything up to this offset is in MongoDB. May be up to a second old, which only makes it lower. */
  storedFloor(partition: number): Promise<number>;
  /** The largest body a message may have now, in bytes: NATS takes no larger one. */
  mostBodyBytes(): number;
  /** False while the connection to NATS is known to be down. */
  connected(): boolean;
}

export interface LogPage {
  /** Without those that clients cannot have for what is in them. */
  readonly messages: readonly StoredMessage[];
  /** Messages of the room in LOG above {@link reached}. */
  readonly pending: number;
  /** Offset of the last message that was looked at, `after` if there was none. */
  readonly reached: number;
}

/** Place of a stored message. */
export interface Stored {
  readonly offset: number;
  /** Epoch that the offset counts in, see {@link RoomLog.currentEpoch}. */
  readonly epoch: string;
  /** True if it was stored before: the offset is that of the first. */
  readonly duplicate: boolean;
}

export interface LiveMessage {
  readonly message: StoredMessage;
  /** Offset of the room's message before this one; 0 or lower than the latest one delivered means unknown. */
  readonly previous: number;
}

export interface Watch {
  /** Resolves when NATS knows of the watch: messages stored from then on arrive. */
  ready(): Promise<void>;
  stop(): void;
}

export interface Tops {
  /** Offset of each room's last message in LOG; a room without one is missing. */
  readonly offsets: ReadonlyMap<string, number>;
  /** Offset the replica had reached: of messages above it the answer says nothing. 0 if that is not known. */
  readonly upTo: number;
}

export interface PartitionState {
  readonly epoch: string;
  /** Lowest offset LOG may hold: everything below is in MongoDB, except what is {@link lost}. */
  readonly first: number;
  readonly last: number;
  /** Offsets of this epoch that MongoDB lost when LOG did not have them any more, ascending. Nearly always none. */
  readonly lost: readonly OffsetRange[];
}

/** Offsets from `from` to `to`, both included. */
export interface OffsetRange {
  readonly from: number;
  readonly to: number;
}

/** JetStream did not acknowledge. The message may still be stored: a retry with the same id is safe. */
export class PublishFailed extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'PublishFailed';
  }
}

/** NATS takes no such message: it is not stored, and sending it again is no use. */
export class MessageRefused extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'MessageRefused';
  }
}

/** NATS did not answer a read, or refused it: nothing is known, the caller may ask again. */
export class ReadFailed extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ReadFailed';
  }
}
