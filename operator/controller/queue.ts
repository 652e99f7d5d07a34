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
  /** Earliest time for the next start; undefined when nothing is wanted. */
  due: number | undefined;
  startedAt: number;
  failures: number;
  running: boolean;
}

/**
 * A queue of keys, not of events: a key that is added often is worked on once, and again only if it was added while it
 * ran. What happened is read from the caches when the key's turn comes.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #entries = new Map<string, Entry>();
  #running = 0;
  #closed = false;
  #cancelWake: (() => void) | undefined;
  #idle: (() => void)[] = [];

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that are due and wait for their turn. */
  get depth(): number {
    const now = this.#options.clock.now();
    let depth = 0;
    for (const entry of this.#entries.values())
      if (!entry.running && entry.due !== undefined && entry.due <= now) depth++;
    return depth;
  }

  /** Wants `key` worked on, now or after `ms`. An earlier wish stands. */
  add(key: string, ms = 0): void {
    if (this.#closed) return;
    const due = this.#options.clock.now() + ms;
    const entry = this.#entries.get(key);
    if (!entry) this.#entries.set(key, { due, startedAt: Number.NEGATIVE_INFINITY, failures: 0, running: false });
    else entry.due = Math.min(entry.due ?? Number.POSITIVE_INFINITY, due);
    this.#pump();
  }

  /** Starts nothing more and resolves when what runs has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelWake?.();
    if (this.#running > 0) await new Promise<void>(resolve => this.#idle.push(resolve));
  }

  #pump(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    if (this.#closed) return;
    const now = this.#options.clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const [key, entry] of this.#entries) {
      if (entry.running || entry.due === undefined) continue;
      const start = Math.max(entry.due, entry.startedAt + this.#options.minIntervalMs);
      if (start > now) next = Math.min(next, start);
      else if (this.#running < this.#options.concurrency) this.#start(key, entry);
    }
    if (next !== Number.POSITIVE_INFINITY) this.#cancelWake = this.#options.clock.after(next - now, () => this.#pump());
  }

  #start(key: string, entry: Entry): void {
    entry.due = undefined;
    entry.running = true;
    entry.startedAt = this.#options.clock.now();
    this.#running++;
    void this.#options
      .run(key)
      .then(
        again => {
          entry.failures = 0;
          return again;
        },
        () => {
          entry.failures++;
          return backoffMs(this.#options.backoff, entry.failures, this.#options.random());
        },
      )
      .then(again => {
        entry.running = false;
        this.#running--;
        if (again !== undefined) this.add(key, again);
        else if (entry.due === undefined) this.#tidy(key, entry);
        this.#pump();
        if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
      });
  }

  /** Keeps the last start while the minimum interval counts from it. */
  #tidy(key: string, entry: Entry): void {
    const left = entry.startedAt + this.#options.minIntervalMs - this.#options.clock.now();
    if (left <= 0) this.#entries.delete(key);
    else
      this.#options.clock.after(left, () => {
        if (!entry.running && entry.due === undefined) this.#entries.delete(key);
      });
  }
}
