import type { Envelope, StoredMessage } from './message.ts';

/**
 * The streams of messages, as rooms use them. Calls may run at the same time. A read rejects with {@link ReadFailed}, and with
 * nothing else, if NATS does not answer within 2 s or refuses; at once while the connection is known to be down. The caller may
 * repeat it. Reads of "any replica" may lack what was stored a moment ago; reads of "the leader" see everything that was
 * acknowledged before the call.
 */
export interface RoomLog {
  readonly partitions: number;
  /** Partition of a room, from 0: the same on every gateway and worker. */
  partitionOf(room: string): number;
  /**
   * Stores a message. It is sent before the call returns, so calls for one room are stored in the order of the calls. An id that
   * was stored within {@link dedupeMs} is not stored again. Resolves once the message is durable.
   * @throws {PublishFailed} if it is not stored, or perhaps not
   * @throws {MessageRefused} if it will never be stored
   */
  publish(room: string, body: Uint8Array, envelope: Envelope): Promise<Stored>;
  /**
   * Calls `live` for messages of the room as they are stored, until {@link Watch.stop}. Offsets rise. Messages may be lost on the
   * way: the caller finds that by {@link LiveMessage.previous} and by reading. `live` must not throw.
   */
  watch(room: string, live: (message: LiveMessage) => void): Watch;
  /** Reads messages of the room in LOG with an offset above `after`, ascending, at most `limit`, from any replica. */
  readAfter(room: string, after: number, limit: number): Promise<LogPage>;
  /**
   * Reads the room's last message in LOG with an offset below `before`, from any replica; null if there is none.
   * @param before at most one above LOG's last offset
   */
  readLastBelow(room: string, before: number): Promise<StoredMessage | null>;
  /** Reads the offset of the room's last message in LOG, from the leader; 0 if there is none. */
  top(room: string): Promise<number>;
  /** Reads the offset of the room's first message above `after`, from the leader; 0 if there is none. */
  next(room: string, after: number): Promise<number>;
  /** Reads the offsets of the last messages of at most 1,000 rooms of one partition, from any replica. */
  tops(partition: number, rooms: readonly string[]): Promise<Tops>;
  /** Reads the ends of at most 1,000 rooms of one partition. Includes every entry that was acknowledged before the call. */
  newest(partition: number, rooms: readonly string[]): Promise<ReadonlyMap<string, Newest>>;
  /**
   * Reads, for rooms without a message in LOG, the offset above which no message of the room was purged: the offset of its last
   * message where that was noted, else one below LOG's first. Includes purges that ended before the call.
   * @param rooms at most 1,000, of one partition
   */
  purgedTops(partition: number, rooms: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /**
   * Reads the deletes of a room whose messages may still have their texts in LOG or MongoDB. Includes every delete that was
   * acknowledged before the call.
   */
  deletions(room: string): Promise<Deletions>;
  /**
   * Epoch of a partition's LOG, at most 10 s old while the leader answers; older while it does not.
   * @throws {ReadFailed} while none is known
   */
  currentEpoch(partition: number): Promise<string>;
  /** Reads the state of a partition, from the leader. Calls at the same time share one request, sent after each of them. */
  state(partition: number): Promise<PartitionState>;
  /** Milliseconds in which LOG recognises a repeated id, as last read; Infinity before the first {@link state}. */
  dedupeMs(partition: number): number;
  /** Reads the offset up to which everything is in MongoDB. Up to a second old, so possibly too low, never too high. */
  storedFloor(partition: number): Promise<number>;
  /** Largest body that NATS accepts now, in bytes. */
  mostBodyBytes(): number;
  /** False while the connection to NATS is known to be down. */
  connected(): boolean;
}

/** Messages of a room that were read from LOG. */
export interface LogPage {
  /** Messages, without those that no gateway wrote and no client could receive. */
  readonly messages: readonly StoredMessage[];
  /** Messages of the room in LOG above {@link reached}. */
  readonly pending: number;
  /** Offset of the last message that was read, left out or not; `after` if there was none. */
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

/** Message as it was stored a moment ago. */
export interface LiveMessage {
  readonly message: StoredMessage;
  /** Offset of the room's message before this one; 0 or below the latest delivered one if that is not known. */
  readonly previous: number;
}

/** Subscription to the live messages of one room. */
export interface Watch {
  /**
   * Resolves when NATS has the subscription: messages stored from then on arrive, unless they are lost on the way.
   * @throws {ReadFailed} if NATS does not confirm it in time
   */
  ready(): Promise<void>;
  /** Ends it: `live` is not called any more. */
  stop(): void;
}

/** Last messages of rooms, as one replica has them. */
export interface Tops {
  /** Offset of each room's last message in LOG; a room without one is missing. */
  readonly offsets: ReadonlyMap<string, number>;
  /** Offset that the replica had reached: it may lack messages above. 0 if that is not known. */
  readonly upTo: number;
}

/** End of a room's log. */
export interface Newest {
  /** Offset of the last entry in LOG, or of the last message that counts if that is above; 0 for none. */
  readonly top: number;
  /** Last entry in LOG; null for none, and for one that clients cannot receive. */
  readonly entry: StoredMessage | null;
  /**
   * Offset of the last message that counts, deleted or not; 0 for none. Null if it is not known: workers have not come to
   * {@link entry} yet, or have not noted it for the room.
   */
  readonly countable: number | null;
}

/** A delete entry of LOG, as far as it decides what is deleted: it may not count, see `isCut`. */
export interface LoggedDelete {
  readonly offset: number;
  /** Offsets of the messages that it names. */
  readonly targets: readonly number[];
  readonly user: string;
  /** See {@link Envelope.seen}. */
  readonly seen: number;
}

/** An edit of LOG, without its body: it may not count, see `isCut`. */
export type LoggedEdit = Omit<LoggedDelete, 'targets'>;

/** Deletes of a room. */
export interface Deletions {
  /** Offsets of messages that are deleted. */
  readonly targets: readonly number[];
  /** Deletes that {@link targets} does not contain, ascending. Those that do not count are among them. */
  readonly recent: readonly LoggedDelete[];
  /** Offset of the partition up to which no delete is missing. */
  readonly upto: number;
}

/** State of the LOG stream of a partition. */
export interface PartitionState {
  /** Incarnation of the stream: offsets of another one mean nothing. */
  readonly epoch: string;
  /** First offset of the epoch: lower ones were given in epochs before. 1 if that is not known. */
  readonly from: number;
  /** Lowest offset LOG may hold: everything below is in MongoDB, except what is {@link lost}. */
  readonly first: number;
  /** Offset of the last message; `first - 1` if LOG is empty. */
  readonly last: number;
  /** Offsets of this epoch that MongoDB lost after LOG had purged them, ascending. Nearly always none. */
  readonly lost: readonly OffsetRange[];
}

/** Offsets from `from` to `to`, both included. */
export interface OffsetRange {
  readonly from: number;
  readonly to: number;
}

/** JetStream did not acknowledge a message, which may be stored all the same: a retry with the same id is safe. */
export class PublishFailed extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'PublishFailed';
  }
}

/** NATS refused a message for good, because of its size or its headers. It is not stored; a retry is refused too. */
export class MessageRefused extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'MessageRefused';
  }
}

/** NATS did not answer a read, or refused it: the result is unknown, and the caller may repeat the read. */
export class ReadFailed extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ReadFailed';
  }
}
