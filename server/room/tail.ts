import type { Publication } from '../protocol/codec.ts';

/** Memory of one entry besides its body, measured: objects, and strings that keep the header text they are part of. */
const ENTRY_BYTES = 800;

/** Limits of tails, read at each use: a lower one takes effect with the next message. */
export interface TailLimits {
  readonly tailBytes: number;
  readonly tailMessages: number;
}

/**
 * Memory that all tails of a process share. Above the limit the room without a message for the longest time gives up its oldest
 * half, again and again: busy rooms keep theirs.
 */
export class TailBudget {
  readonly #limits: TailLimits;
  #used = 0;
  readonly #tails = new Set<Tail>();
  constructor(limits: TailLimits) {
    this.#limits = limits;
  }
  /** Most messages of one tail. */
  get tailMessages(): number {
    return this.#limits.tailMessages;
  }
  /** Bytes of all tails. */
  get used(): number {
    return this.#used;
  }
  /** Adds `bytes` to `tail`, which becomes the most recently used. */
  charge(tail: Tail, bytes: number): void {
    this.#used += bytes;
    this.#tails.delete(tail);
    this.#tails.add(tail);
    while (this.#used > this.#limits.tailBytes) {
      const [oldest] = this.#tails;
      if (!oldest) return;
      oldest.halve();
    }
  }
  /** Takes `bytes` off. */
  release(tail: Tail, bytes: number): void {
    this.#used -= bytes;
    if (tail.size === 0) this.#tails.delete(tail);
  }
}

/** Last messages of one room, without a gap: every message with `from < offset <= newest`, but for deleted ones and their edits. */
export class Tail {
  readonly #budget: TailBudget;
  #entries: Publication[] = [];
  /** Messages that edits among the entries are about, by the offset of the edit; null without edits. */
  #edits: Map<number, number> | null = null;
  #from: number;
  constructor(budget: TailBudget, from: number) {
    this.#budget = budget;
    this.#from = from;
  }

  get size(): number {
    return this.#entries.length;
  }
  /** Offset after which the tail begins. */
  get from(): number {
    return this.#from;
  }

  /**
   * Adds a message, whose offset must be above all others.
   * @param edited offset of the message that it edits; undefined if it edits none
   */
  append(publication: Publication, edited?: number): void {
    this.#entries.push(publication);
    if (edited !== undefined) {
      this.#edits ??= new Map();
      this.#edits.set(publication.offset, edited);
    }
    const most = this.#budget.tailMessages;
    if (this.#entries.length >= most * 2) this.#keep(most);
    this.#budget.charge(this, cost(publication));
  }

  /** Removes messages and their edits: no text of them stays in memory. */
  strike(targets: readonly number[]): void {
    const struck = new Set(targets);
    for (const [edit, target] of this.#edits ?? []) if (struck.has(target)) struck.add(edit);
    const gone = this.#entries.filter(({ offset }) => struck.has(offset));
    if (gone.length === 0) return;
    this.#entries = this.#entries.filter(({ offset }) => !struck.has(offset));
    this.#release(gone);
  }

  /** Returns everything after `offset`, which must be at least {@link from}. */
  after(offset: number): Publication[] {
    return this.#entries.slice(this.#indexAbove(offset));
  }

  /** Returns the last `limit` messages below `offset`, descending; null if the tail may lack some of them. */
  before(offset: number, limit: number): Publication[] | null {
    const end = this.#indexAbove(offset - 1);
    if (end < limit && this.#from > 0) return null;
    return this.#entries.slice(Math.max(0, end - limit), end).reverse();
  }

  #indexAbove(offset: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entries[middle];
      if (entry && entry.offset <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Gives up the oldest half. */
  halve(): void {
    this.#keep(this.#entries.length >>> 1);
  }

  /** Removes everything: the next entries follow `from`. */
  restart(from: number): void {
    this.#keep(0);
    this.#from = from;
  }

  #keep(count: number): void {
    const gone = this.#entries.slice(0, this.#entries.length - count);
    const last = gone.at(-1);
    if (!last) return;
    this.#entries = this.#entries.slice(gone.length);
    this.#from = last.offset;
    this.#release(gone);
  }

  #release(gone: readonly Publication[]): void {
    if (this.#edits) {
      for (const { offset } of gone) this.#edits.delete(offset);
      if (this.#edits.size === 0) this.#edits = null;
    }
    this.#budget.release(
      this,
      gone.reduce((sum, entry) => sum + cost(entry), 0),
    );
  }
}

const cost = (publication: Publication) => publication.data.byteLength + ENTRY_BYTES;
