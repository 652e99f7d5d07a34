/**
 * Number of shards that rooms are spread over. A gateway reports the shards in which it has connections, so that a question about a
 * room goes only to gateways that may have members: 50,000 rooms on a gateway leave 83 % of the shards empty.
 */
export const SHARDS = 2 ** 18;
const WORDS = SHARDS / 32;

/** Shard of a room: FNV-1a over UTF-16, mixed. Must not change: gateways of two releases exchange shards. */
export function shardOf(room: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < room.length; i++) hash = Math.imul(hash ^ room.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 14)) >>> 0) % SHARDS;
}

/** Set of shards, 32 KiB. */
export class ShardSet {
  readonly #words: Uint32Array<ArrayBuffer>;
  private constructor(words: Uint32Array<ArrayBuffer>) {
    this.#words = words;
  }

  static empty(): ShardSet {
    return new ShardSet(new Uint32Array(WORDS));
  }

  /** Reads the text of {@link toText}. @returns null for any other text */
  static fromText(text: string): ShardSet | null {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.byteLength !== WORDS * 4) return null;
    const words = new Uint32Array(WORDS);
    for (let i = 0; i < WORDS; i++) words[i] = bytes.readUInt32LE(i * 4);
    return new ShardSet(words);
  }

  toText(): string {
    const bytes = Buffer.allocUnsafe(WORDS * 4);
    for (let i = 0; i < WORDS; i++) bytes.writeUInt32LE(this.#words[i] ?? 0, i * 4);
    return bytes.toString('base64');
  }

  has(shard: number): boolean {
    return (((this.#words[shard >>> 5] ?? 0) >>> (shard & 31)) & 1) === 1;
  }

  set(shard: number, present: boolean): void {
    const word = this.#words[shard >>> 5] ?? 0;
    const bit = 1 << (shard & 31);
    this.#words[shard >>> 5] = present ? word | bit : word & ~bit;
  }
}

/** Shards that have become occupied, and those that have become empty. */
export interface ShardChange {
  readonly set: readonly number[];
  readonly cleared: readonly number[];
}

/** Shards in which this gateway has connections, and what of that the other gateways know. */
export class OwnShards {
  readonly #counts = new Uint32Array(SHARDS);
  readonly #sent = ShardSet.empty();
  readonly #touched = new Set<number>();
  #version = 0;

  /** Number of changes so far. */
  get version(): number {
    return this.#version;
  }

  /** Counts a connection. @returns true if there is a change to send */
  enter(room: string): boolean {
    const shard = shardOf(room);
    const count = (this.#counts[shard] ?? 0) + 1;
    this.#counts[shard] = count;
    return count === 1 && this.#touch(shard);
  }

  /** Counts a connection off. @returns true if there is a change to send */
  leave(room: string): boolean {
    const shard = shardOf(room);
    const count = (this.#counts[shard] ?? 0) - 1;
    this.#counts[shard] = count;
    return count === 0 && this.#touch(shard);
  }

  /** Takes the changes since the last call, which make a new version; null for none. */
  take(): ShardChange | null {
    const set: number[] = [];
    const cleared: number[] = [];
    for (const shard of this.#touched) {
      const present = (this.#counts[shard] ?? 0) > 0;
      if (present === this.#sent.has(shard)) continue;
      this.#sent.set(shard, present);
      (present ? set : cleared).push(shard);
    }
    this.#touched.clear();
    if (set.length + cleared.length === 0) return null;
    this.#version += 1;
    return { set, cleared };
  }

  /** All shards that were sent, as of {@link version}. */
  toText(): string {
    return this.#sent.toText();
  }

  #touch(shard: number): true {
    this.#touched.add(shard);
    return true;
  }
}
