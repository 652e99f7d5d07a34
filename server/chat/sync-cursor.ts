import { hash } from 'node:crypto';

/** Place in the stream of marks. */
export interface MarksPlace {
  /** {@link keyOf} the incarnation of the stream. */
  readonly epoch: number;
  readonly sequence: number;
}

/** Knowledge of a client of the rooms of one partition. */
export interface KnownPartition {
  /** {@link keyOf} the epoch that {@link offset} counts in. */
  readonly epoch: number;
  /** Offset of the partition up to which the client has every change of {@link rooms}. */
  readonly offset: number;
  /** Rooms that the client has, by {@link keyOf} their names, with {@link versionOf} the user in them. */
  readonly rooms: ReadonlyMap<number, number>;
}

/** Place in a partition whose rooms took more than one page. */
export interface Unfinished {
  readonly partition: number;
  /** {@link keyOf} the epoch, and the offset, from which the partition goes on once its rooms are through. */
  readonly epoch: number;
  readonly offset: number;
  /** Last room, by name, of the page. */
  readonly after: string;
  /** Place in the stream of marks from which the marks go on once all partitions are through; null for none. */
  readonly marks: MarksPlace | null;
}

/** Knowledge of a client of its rooms. */
export interface SyncCursor {
  /** Place up to which the client has the own marks; null for none. */
  readonly marks: MarksPlace | null;
  /** Knowledge by partition. A partition without a room of the client is missing. */
  readonly partitions: ReadonlyMap<number, KnownPartition>;
  readonly unfinished: Unfinished | null;
}

export const NO_CURSOR: SyncCursor = { marks: null, partitions: new Map(), unfinished: null };

/** Changes with each change of the format: a cursor of another one is not read. */
const FORMAT = 1;
const KEY_BYTES = 6;
const VERSION_BYTES = 2;
const CHECK_BYTES = 4;

/** Key of a text in a cursor, 48 bits: of two rooms of a user it is the same once in 10^8 users with 2,000 rooms. */
export const keyOf = (text: string): number => digestOf(text).readUIntBE(0, KEY_BYTES);

/** Version of what a text says, 16 bits. */
export const versionOf = (text: string): number => digestOf(text).readUIntBE(KEY_BYTES, VERSION_BYTES);

const digestOf = (text: string | Uint8Array) => hash('sha1', text, 'buffer');

/** Writes a cursor of a user: base64url, 8 bytes a room and 18 a partition before that. Pure. */
export function writeCursor({ marks, partitions, unfinished }: SyncCursor, user: string): string {
  const out = new Writer();
  out.uint(FORMAT, 1).uint(keyOf(user), KEY_BYTES);
  writeMarks(out, marks);
  out.uint(unfinished ? 1 : 0, 1);
  if (unfinished) {
    const after = Buffer.from(unfinished.after);
    writeMarks(out, unfinished.marks);
    out.uint(unfinished.partition, 2).uint(unfinished.epoch, KEY_BYTES).uint(unfinished.offset, 8);
    out.uint(after.length, 2).bytes(after);
  }
  out.uint(partitions.size, 2);
  for (const [partition, { epoch, offset, rooms }] of partitions) {
    out.uint(partition, 2).uint(epoch, KEY_BYTES).uint(offset, 8).uint(rooms.size, 2);
    for (const [room, version] of rooms) out.uint(room, KEY_BYTES).uint(version, VERSION_BYTES);
  }
  const content = out.all();
  return Buffer.concat([content, digestOf(content).subarray(0, CHECK_BYTES)]).toString('base64url');
}

/**
 * Reads a cursor of a user. Pure.
 * @returns null for one of another user or release, and for any other text
 */
export function readCursor(text: string, user: string): SyncCursor | null {
  const all = Buffer.from(text, 'base64url');
  const content = all.subarray(0, -CHECK_BYTES);
  if (content.length === 0 || !digestOf(content).subarray(0, CHECK_BYTES).equals(all.subarray(-CHECK_BYTES)))
    return null;
  const from = new Reader(content);
  try {
    if (from.uint(1) !== FORMAT || from.uint(KEY_BYTES) !== keyOf(user)) return null;
    const marks = readMarks(from);
    const unfinished = from.uint(1) === 1 ? readUnfinished(from) : null;
    const partitions = new Map<number, KnownPartition>();
    for (let left = from.uint(2); left > 0; left--) partitions.set(from.uint(2), readPartition(from));
    return { marks, unfinished, partitions };
  } catch (error) {
    if (error instanceof RangeError) return null; // of a form that no gateway writes
    throw error;
  }
}

function writeMarks(out: Writer, marks: MarksPlace | null): void {
  out.uint(marks ? 1 : 0, 1);
  if (marks) out.uint(marks.epoch, KEY_BYTES).uint(marks.sequence, 8);
}

const readMarks = (from: Reader): MarksPlace | null =>
  from.uint(1) === 1 ? { epoch: from.uint(KEY_BYTES), sequence: from.uint(8) } : null;

function readUnfinished(from: Reader): Unfinished {
  const marks = readMarks(from);
  const [partition, epoch, offset] = [from.uint(2), from.uint(KEY_BYTES), from.uint(8)];
  return { marks, partition, epoch, offset, after: from.bytes(from.uint(2)).toString() };
}

function readPartition(from: Reader): KnownPartition {
  const [epoch, offset] = [from.uint(KEY_BYTES), from.uint(8)];
  const rooms = new Map<number, number>();
  for (let left = from.uint(2); left > 0; left--) rooms.set(from.uint(KEY_BYTES), from.uint(VERSION_BYTES));
  return { epoch, offset, rooms };
}

class Writer {
  readonly #parts: Buffer[] = [];

  /** @param length 1 to 6, or 8 */
  uint(value: number, length: number): this {
    const part = Buffer.alloc(length);
    if (length === 8) part.writeBigUInt64BE(BigInt(value));
    else part.writeUIntBE(value, 0, length);
    this.#parts.push(part);
    return this;
  }

  bytes(part: Buffer): this {
    this.#parts.push(part);
    return this;
  }

  all(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** Throws a RangeError at the end of what it reads, and for a number that no stream reaches. */
class Reader {
  readonly #from: Buffer;
  #at = 0;

  constructor(from: Buffer) {
    this.#from = from;
  }

  uint(length: number): number {
    const at = this.#at;
    this.#at += length;
    if (length < 8) return this.#from.readUIntBE(at, length);
    const value = Number(this.#from.readBigUInt64BE(at));
    if (!Number.isSafeInteger(value)) throw new RangeError('no offset');
    return value;
  }

  bytes(length: number): Buffer {
    if (this.#at + length > this.#from.length) throw new RangeError('the end');
    this.#at += length;
    return this.#from.subarray(this.#at - length, this.#at);
  }
}
