import { type Backoff, backoffMs } from '../backoff.ts';
import type { Clock } from '../clock.ts';

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Keys worked on at the same time; never the same key twice. */
  readonly concurrency: number;
  /** Shortest time between two starts of one key, so that another writer cannot make it spin. */
  readonly minIntervalMs: number;
  readonly backoff: Backoff;
  /** Does the work. A rejection is retried with backoff. @returns milliseconds after which to look again */
  readonly run: (key: string) => Promise<number | undefined>;
}

interface Entry {
  /** Earliest time that is wanted for the next start; undefined when none is. */
  due: number | undefined;
  startedAt: number;
  failures: number;
  running: boolean;
  /** Cancels the timer of the next start, or of forgetting the key. */
  cancel: () => void;
}

const nothing = () => {};

/**
 * A queue of keys, not of events: a key that is added often is worked on once, and again only if it was added while it
 * ran. What happened is read from the caches when the key's turn comes.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #entries = new Map<string, Entry>();
  /** Keys whose turn it is, first come first served. */
  readonly #ready = new Set<string>();
  #running = 0;
  #closed = false;
  readonly #onIdle: (() => void)[] = [];

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that are due and wait for a worker. */
  get depth(): number {
    return this.#ready.size;
  }

  /** Wants `key` worked on, now or after `ms`. An earlier wish stands. */
  add(key: string, ms = 0): void {
    if (this.#closed) return;
    let entry = this.#entries.get(key);
    if (!entry) {
      entry = { due: undefined, startedAt: Number.NEGATIVE_INFINITY, failures: 0, running: false, cancel: nothing };
      this.#entries.set(key, entry);
    }
    const due = this.#options.clock.now() + ms;
    if (entry.due !== undefined && entry.due <= due) return;
    entry.due = due;
    if (!entry.running) this.#schedule(key, entry);
  }

  /** Starts nothing more and resolves when what runs has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#ready.clear();
    for (const entry of this.#entries.values()) entry.cancel();
    if (this.#running > 0) await new Promise<void>(resolve => this.#onIdle.push(resolve));
  }

  #schedule(key: string, entry: Entry): void {
    entry.cancel();
    entry.cancel = nothing;
    const { clock, minIntervalMs } = this.#options;
    const now = clock.now();
    const start = Math.max(entry.due ?? now, entry.startedAt + minIntervalMs);
    const begin = () => {
      this.#ready.add(key);
      this.#startNext();
    };
    if (start <= now) begin();
    else entry.cancel = clock.after(start - now, begin);
  }

  #startNext(): void {
    for (const key of this.#ready) {
      if (this.#running >= this.#options.concurrency) return;
      this.#ready.delete(key);
      const entry = this.#entries.get(key);
      if (entry) this.#start(key, entry);
    }
  }

  #start(key: string, entry: Entry): void {
    entry.due = undefined;
    entry.running = true;
    entry.startedAt = this.#options.clock.now();
    this.#running++;
    const { run, backoff, random } = this.#options;
    void run(key)
      .then(
        again => {
          entry.failures = 0;
          return again;
        },
        () => backoffMs(backoff, ++entry.failures, random()),
      )
      .then(again => this.#ended(key, entry, again));
  }

  #ended(key: string, entry: Entry, again: number | undefined): void {
    entry.running = false;
    this.#running--;
    if (this.#closed) {
      if (this.#running === 0) for (const resolve of this.#onIdle) resolve();
      return;
    }
    const { clock, minIntervalMs } = this.#options;
    if (again !== undefined) entry.due = Math.min(entry.due ?? Number.POSITIVE_INFINITY, clock.now() + again);
    if (entry.due !== undefined) this.#schedule(key, entry);
    // The last start counts for the minimum interval.
    else entry.cancel = clock.after(minIntervalMs, () => this.#entries.delete(key));
    this.#startNext();
  }
}
