import { Rate } from './rate.ts';

interface Entry {
  readonly rate: Rate;
  usedAt: number;
}

/** Names of which a rate is kept: about 2 MiB. Clients choose the names, so there may be any number of them. */
const MOST = 10_000;

/**
 * Token buckets by a name. One that has not been used for as long as it takes to fill is as good as none, and is
 * forgotten; beyond {@link MOST} names the one used longest ago is.
 */
export class Rates {
  readonly #entries = new Map<string, Entry>();
  readonly #most: number;
  constructor(most = MOST) {
    this.#most = most;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** As {@link Rate.take}, of the bucket with a name. */
  take(name: string, now: number, perSecond: number, burst: number, count = 1): boolean {
    const entry = this.#entries.get(name) ?? { rate: new Rate(burst, now), usedAt: now };
    entry.usedAt = now;
    this.#entries.delete(name); // the last in the map is the one used last
    this.#entries.set(name, entry);
    this.#forget(now - (burst / perSecond) * 1000);
    return entry.rate.take(now, perSecond, burst, count);
  }

  #forget(fullSince: number): void {
    for (const [name, entry] of this.#entries) {
      if (this.#entries.size <= this.#most && entry.usedAt > fullSince) return;
      this.#entries.delete(name);
    }
  }
}
