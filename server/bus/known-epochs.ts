import { type Moment, momentAfter } from '../time/clock.ts';

/** Time for which the epoch of a partition counts after it was read, in ms. */
export const EPOCH_AGE_MS = 10_000;

/** Epochs of the partitions as this process last read them. A stream changes its epoch when a worker makes it anew. */
export class KnownEpochs {
  readonly #now: () => Moment;
  readonly #known = new Map<number, { readonly epoch: string; readonly until: Moment }>();

  constructor(now: () => Moment) {
    this.#now = now;
  }

  /** Last epoch that was read; empty before the first. */
  last(partition: number): string {
    return this.#known.get(partition)?.epoch ?? '';
  }

  /** Records an epoch that was just read. */
  set(partition: number, epoch: string): void {
    this.#known.set(partition, { epoch, until: momentAfter(this.#now(), EPOCH_AGE_MS) });
  }

  /**
   * Resolves to an epoch that was read at most {@link EPOCH_AGE_MS} ago, or is read by `read`. If that fails, to the last
   * one; rejects as `read` does if there is none.
   */
  async current(partition: number, read: () => Promise<{ readonly epoch: string }>): Promise<string> {
    const known = this.#known.get(partition);
    if (known && this.#now() < known.until) return known.epoch;
    try {
      return (await read()).epoch;
    } catch (error) {
      if (known) return known.epoch;
      throw error;
    }
  }
}
