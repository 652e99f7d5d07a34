import { type Backoff, backoffMs } from '../../server/time/backoff.ts';
import type { Clock } from '../../server/time/clock.ts';
import type { QueueState } from '../process/work-metrics.ts';

/** Configuration and callbacks of a queue. */
export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Keys worked on at the same time; never the same key twice. Keys in trouble have half as many slots of their own. */
  readonly concurrency: number;
  /** Shortest time between two starts of one key in ms, so that another writer cannot make it spin. */
  readonly minIntervalMs: number;
  readonly backoff: Backoff;
  /**
   * Text of the request of people under this key. A change of it ends a backoff once, so that a correction of the spec is tried
   * at once.
   */
  readonly wish?: (key: string) => string;
  /** Does the work. A rejection is retried with backoff. @returns milliseconds after which to run again; undefined for never */
  readonly run: (key: string) => Promise<number | undefined>;
  /** Milliseconds that the server asked to wait before the next try (`Retry-After`); 0 if it did not ask. */
  readonly retryAfterMs?: (error: unknown) => number;
  /** Called at every {@link WorkQueue.add}. */
  readonly onAdd?: () => void;
  /** Called when work on a key begins. @param waitedMs time it waited for a slot while it was due */
  readonly onStart?: (waitedMs: number) => void;
  /** Called when work on a key failed and is put off. */
  readonly onRetry?: () => void;
}

/** A key is in trouble if its last run failed or was slow. */
type Lane = 'well' | 'inTrouble';

interface Entry {
  /** Requested time of the next start; undefined if none is requested. */
  due: number | undefined;
  /** Time at which it became due and could start in a free slot. */
  readyAt: number;
  startedAt: number;
  failures: number;
  /** True if the last run took longer than {@link SLOW_MS}. */
  slow: boolean;
  /** No start before this time. */
  notBefore: number;
  /** Result of `wish` at its last start. */
  wish: string | undefined;
  /** Lane whose slot it takes; undefined while it does not run. */
  running: Lane | undefined;
  /** Cancels the timer of the next start, or of forgetting the key. */
  cancel: () => void;
}

/**
 * Milliseconds after which a running key gives its slot to another one and continues in a slot of those in trouble. A pass that
 * writes all children takes a quarter of it; one write that hangs takes its whole time-out of 15 s.
 */
const SLOW_MS = 2_000;
/**
 * Keys that may run after giving their slot away, as a multiple of the concurrency. It limits the requests at the same time to
 * an API server that does not answer.
 */
const HANGING = 4;
/**
 * Shortest backoff in ms of a key that failed fast and is added again: as often as a healthy ChatCluster is decided on. One
 * child that is refused must not keep the others from being scaled.
 */
const AFTER_FAILURE_MS = 5_000;

/**
 * Milliseconds without a run after which a slow key is forgotten, because its ChatCluster may be gone: the longest time between
 * two attempts of a key that fails.
 */
const SLOW_FOR_MS = 60_000;

const nothing = () => {};

/**
 * A queue of keys, not of events: a key that is added often is worked on once, and again only if it was added while it ran. The
 * work reads the state from the caches as it starts. Keys that fail or hang delay only each other.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #entries = new Map<string, Entry>();
  /** Keys that are due, first come first served. */
  readonly #ready: Record<Lane, Set<string>> = { well: new Set(), inTrouble: new Set() };
  readonly #running: Record<Lane, number> = { well: 0, inTrouble: 0 };
  readonly #slots: Record<Lane, number>;
  #closed = false;
  readonly #onIdle: (() => void)[] = [];

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#slots = { well: options.concurrency, inTrouble: Math.ceil(options.concurrency / 2) };
  }

  /** Number of keys that are due and wait for a slot. */
  get depth(): number {
    return this.#ready.well.size + this.#ready.inTrouble.size;
  }

  /** Waiting and running keys at this moment. */
  get state(): QueueState {
    const now = this.#options.clock.now();
    const times = [...this.#entries.values()].flatMap(({ running, startedAt }) => (running ? [now - startedAt] : []));
    return {
      depth: this.depth,
      unfinishedMs: times.reduce((sum, ms) => sum + ms, 0),
      longestMs: Math.max(0, ...times),
    };
  }

  /** Requests work on `key`, now or after `ms`. An earlier request stands. */
  add(key: string, ms = 0): void {
    if (this.#closed) return;
    this.#options.onAdd?.();
    const entry = this.#entryOf(key);
    const due = this.#options.clock.now() + ms;
    const isForgiven = this.#forgive(key, entry);
    if (!isForgiven && entry.due !== undefined && entry.due <= due) return;
    entry.due = Math.min(entry.due ?? due, due);
    if (!entry.running) this.#schedule(key, entry);
  }

  /** Starts nothing more; resolves when all running work has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const ready of Object.values(this.#ready)) ready.clear();
    for (const entry of this.#entries.values()) entry.cancel();
    if (this.#isBusy) await new Promise<void>(resolve => this.#onIdle.push(resolve));
  }

  get #isBusy(): boolean {
    return this.#running.well + this.#running.inTrouble > 0;
  }

  #entryOf(key: string): Entry {
    let entry = this.#entries.get(key);
    if (!entry) {
      const never = Number.NEGATIVE_INFINITY;
      entry = {
        due: undefined,
        readyAt: 0,
        startedAt: never,
        failures: 0,
        slow: false,
        notBefore: never,
        wish: undefined,
        running: undefined,
        cancel: nothing,
      };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  /** Ends the backoff of a key whose wish has changed since its last start. @returns true if it did */
  #forgive(key: string, entry: Entry): boolean {
    const { wish } = this.#options;
    if (!wish || entry.running || laneOf(entry) === 'well' || entry.wish === wish(key)) return false;
    entry.notBefore = Number.NEGATIVE_INFINITY;
    entry.failures = 0;
    entry.slow = false;
    return true;
  }

  #schedule(key: string, entry: Entry): void {
    entry.cancel();
    entry.cancel = nothing;
    const { clock, minIntervalMs } = this.#options;
    const now = clock.now();
    const start = Math.max(entry.due ?? now, entry.startedAt + minIntervalMs, entry.notBefore);
    const begin = () => {
      entry.readyAt = clock.now();
      const lane = laneOf(entry);
      this.#ready[other(lane)].delete(key);
      this.#ready[lane].add(key);
      this.#startNext(lane);
    };
    if (start <= now) begin();
    else entry.cancel = clock.after(start - now, begin);
  }

  #startNext(lane: Lane): void {
    for (const key of this.#ready[lane]) {
      if (this.#running[lane] >= this.#slots[lane]) return;
      this.#ready[lane].delete(key);
      const entry = this.#entries.get(key);
      if (entry) this.#start(key, entry, lane);
    }
  }

  #start(key: string, entry: Entry, lane: Lane): void {
    const { run, wish, clock, onStart } = this.#options;
    entry.due = undefined;
    entry.running = lane;
    entry.startedAt = clock.now();
    onStart?.(entry.startedAt - entry.readyAt);
    entry.wish = wish?.(key);
    this.#running[lane]++;
    entry.cancel = clock.after(SLOW_MS, () => this.#giveSlotAway(entry));
    void run(key)
      .then(
        again => this.#succeeded(entry, again),
        (error: unknown) => this.#failed(entry, error),
      )
      .then(again => this.#ended(key, entry, again));
  }

  /** Lets another key start in the slot of one that hangs. */
  #giveSlotAway(entry: Entry): void {
    if (entry.running !== 'well' || this.#running.inTrouble >= HANGING * this.#options.concurrency) return;
    this.#running.well--;
    this.#running.inTrouble++;
    entry.running = 'inTrouble';
    this.#startNext('well');
  }

  #succeeded(entry: Entry, again: number | undefined): number | undefined {
    entry.failures = 0;
    entry.notBefore = Number.NEGATIVE_INFINITY;
    this.#time(entry);
    return again;
  }

  #failed(entry: Entry, error: unknown): number {
    const { backoff, random, clock, retryAfterMs, onRetry } = this.#options;
    onRetry?.();
    const askedMs = retryAfterMs?.(error) ?? 0;
    const again = Math.max(askedMs, backoffMs(backoff, ++entry.failures, random()));
    this.#time(entry);
    entry.notBefore = clock.now() + (entry.slow ? again : Math.max(askedMs, Math.min(again, AFTER_FAILURE_MS)));
    return again;
  }

  #time(entry: Entry): void {
    entry.slow = this.#options.clock.now() - entry.startedAt >= SLOW_MS;
  }

  #ended(key: string, entry: Entry, again: number | undefined): void {
    const lane = entry.running ?? 'well';
    this.#running[lane]--;
    entry.running = undefined;
    entry.cancel();
    if (this.#closed) {
      if (!this.#isBusy) for (const resolve of this.#onIdle) resolve();
      return;
    }
    const { clock, minIntervalMs } = this.#options;
    if (again !== undefined) entry.due = Math.min(entry.due ?? Number.POSITIVE_INFINITY, clock.now() + again);
    // The wish may have changed while it ran.
    this.#forgive(key, entry);
    if (entry.due !== undefined) this.#schedule(key, entry);
    // The last start counts for the minimum interval.
    else entry.cancel = clock.after(entry.slow ? SLOW_FOR_MS : minIntervalMs, () => this.#entries.delete(key));
    this.#startNext(lane);
  }
}

function laneOf({ failures, slow }: Entry): Lane {
  return failures > 0 || slow ? 'inTrouble' : 'well';
}

function other(lane: Lane): Lane {
  return lane === 'well' ? 'inTrouble' : 'well';
}
