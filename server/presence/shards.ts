/**
 * Rooms are spread over this many shards. A gateway says in which of them it has connections, so that a question about a
 * room goes only where somebody may be in it: 50,000 rooms on a gateway leave 83 % of the shards empty.
 */
export const SHARDS = 2 ** 18;
const WORDS = SHARDS / 32;

/** Part of what gateways of two releases say to each other: it may not change. FNV-1a over UTF-16, mixed. */
export function shardOf(room: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < room.length; i++) hash = Math.imul(hash ^ room.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 14)) >>> 0) % SHARDS;
}

/** A set of shards, 32 KiB. */
export class ShardSet {
  readonly #words: Uint32Array<ArrayBuffer>;
  private constructor(words: Uint32Array<ArrayBuffer>) {
    this.#words = words;
  }

  static empty(): ShardSet {
    return new ShardSet(new Uint32Array(WORDS));
  }

  /** @returns null if it is not what {@link toText} made */
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

/** The shards in which this gateway has connections: what is so, and what the other gateways know of it. */
export class OwnShards {
  readonly #counts = new Uint32Array(SHARDS);
  readonly #told = ShardSet.empty();
  readonly #touched = new Set<number>();
  #version = 0;

  /** Number of changes so far. */
  get version(): number {
    return this.#version;
  }

  /** @returns whether there is something to say */
  enter(room: string): boolean {
    const shard = shardOf(room);
    const count = (this.#counts[shard] ?? 0) + 1;
    this.#counts[shard] = count;
    return count === 1 && this.#touch(shard);
  }

  leave(room: string): boolean {
    const shard = shardOf(room);
    const count = (this.#counts[shard] ?? 0) - 1;
    this.#counts[shard] = count;
    return count === 0 && this.#touch(shard);
  }

  /** Changes since the last call, which make a new version; null for none. */
  take(): ShardChange | null {
    const set: number[] = [];
    const cleared: number[] = [];
    for (const shard of this.#touched) {
      const present = (this.#counts[shard] ?? 0) > 0;
      if (present === this.#told.has(shard)) continue;
      this.#told.set(shard, present);
      (present ? set : cleared).push(shard);
    }
    this.#touched.clear();
    if (set.length + cleared.length === 0) return null;
    this.#version += 1;
    return { set, cleared };
  }

  /** Everything said so far, as of {@link version}. */
  toText(): string {
    return this.#told.toText();
  }

  #touch(shard: number): true {
    this.#touched.add(shard);
    return true;
  }
}
