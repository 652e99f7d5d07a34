import type { Publication } from '../protocol/codec.ts';

/** Cost of one entry beside its bytes, measured: objects, and strings that keep the header text they are a part of. */
const ENTRY_BYTES = 800;

/** Read at each use: a lower one takes effect with the next message. */
export interface TailLimits {
  readonly tailBytes: number;
  readonly tailMessages: number;
}

/**
 * The bytes all tails of a process may hold together. The room that got a message longest ago gives up its oldest half
 * first, again and again, so busy rooms keep theirs.
 */
export class TailBudget {
  readonly #limits: TailLimits;
  #used = 0;
  readonly #tails = new Set<Tail>();
  constructor(limits: TailLimits) {
    this.#limits = limits;
  }
  /** Messages one tail may hold. */
  get tailMessages(): number {
    return this.#limits.tailMessages;
  }
  get used(): number {
    return this.#used;
  }
  /** Accounts for `bytes` more in `tail`, which becomes the most recently used. */
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
  /** Accounts for `bytes` fewer. */
  release(tail: Tail, bytes: number): void {
    this.#used -= bytes;
    if (tail.size === 0) this.#tails.delete(tail);
  }
}

/** The last messages of one room, without a hole: every message with `from < offset <= newest` is here. */
export class Tail {
  readonly #budget: TailBudget;
  #entries: Publication[] = [];
  #from: number;
  constructor(budget: TailBudget, from: number) {
    this.#budget = budget;
    this.#from = from;
  }

  get size(): number {
    return this.#entries.length;
  }
  get from(): number {
    return this.#from;
  }

  /** `publication.offset` must be above all before. */
  append(publication: Publication): void {
    this.#entries.push(publication);
    const most = this.#budget.tailMessages;
    if (this.#entries.length >= most * 2) this.#keep(most);
    this.#budget.charge(this, cost(publication));
  }

  /** Everything after `offset`, which must be at least {@link from}. */
  after(offset: number): Publication[] {
    return this.#entries.slice(this.#indexAbove(offset));
  }

  /** The last `limit` messages below `offset`, descending; null if some of them may be missing here. */
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

  halve(): void {
    this.#keep(this.#entries.length >>> 1);
  }

  /** Forgets everything: the next entries follow `from`. */
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
    this.#budget.release(
      this,
      gone.reduce((sum, entry) => sum + cost(entry), 0),
    );
  }
}

const cost = (publication: Publication) => publication.data.byteLength + ENTRY_BYTES;
