import type { CountWriter } from '../../room/counts.ts';
import type { ViewPosition } from '../../room/views.ts';

export interface CountMarksParts {
  readonly store: CountWriter;
  /** True while no worker that stores or deletes messages without marks is alive. Asked at each step. */
  areAllCounting(): boolean;
  /** Reads the last offset that LOG gave to an entry of a partition. Rejects if NATS does not answer. */
  lastOf(partition: number): Promise<number>;
  /** Reads the offset up to which every entry of a partition is stored. Rejects as {@link lastOf} does. */
  storedUpTo(partition: number): Promise<number>;
}

/** Level of workers that store and delete messages with marks, see `LEVEL`. */
export const COUNTING_LEVEL = 1;

/** Messages of one step: some 0.2 s of work, in which the fold does nothing else. */
const STEP = 1_000;

/** A partition under a lease. */
interface Progress {
  /** Offset up to which all stored messages are marked. */
  counted: number;
  /**
   * Offset above which no worker without marks has read an entry, so that whatever is stored or deleted above it is marked at once; null
   * while that is not known.
   */
  checkedUpTo: number | null;
}

/**
 * Marks of messages that count as unread, where workers of an earlier release stored or deleted them. They are checked in steps, from
 * a durable position that is saved with that of the fold. While a worker of such a release is alive, nothing is counted, and all begins
 * again after it: it may have stored or deleted any message.
 */
export class CountMarks {
  readonly #parts: CountMarksParts;
  readonly #progress = new Map<number, Progress>();

  constructor(parts: CountMarksParts) {
    this.#parts = parts;
  }

  /** Begins a partition at its saved position. */
  begin(partition: number, from: ViewPosition | null): void {
    this.#progress.set(partition, { counted: from?.counted ?? 0, checkedUpTo: null });
  }

  /**
   * Makes one step.
   * @param at position of the fold: changes up to it are applied
   * @returns offset up to which all is marked, at most `at`
   * @throws {StoreUnavailable}
   */
  async step(partition: number, at: number): Promise<number> {
    const { areAllCounting, lastOf } = this.#parts;
    const progress = this.#progress.get(partition) ?? { counted: 0, checkedUpTo: null };
    this.#progress.set(partition, progress);
    if (!areAllCounting()) {
      progress.counted = 0;
      progress.checkedUpTo = null;
      return 0;
    }
    progress.checkedUpTo ??= await lastOf(partition);
    const end = Math.min(at, progress.checkedUpTo);
    if (progress.counted < end) progress.counted = await this.#mark(partition, progress.counted, end);
    if (progress.counted >= end) progress.counted = at;
    return progress.counted;
  }

  /** Checks the first messages of a range that are stored. @returns offset up to which they are checked */
  async #mark(partition: number, after: number, end: number): Promise<number> {
    const { store, storedUpTo } = this.#parts;
    const upto = Math.min(end, await storedUpTo(partition));
    if (upto <= after) return after;
    return (await store.markCountable(partition, { after, upto, limit: STEP })) ?? after;
  }
}
