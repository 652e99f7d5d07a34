import { type Backoff, backoffMs } from '../../server/time/backoff.ts';
import type { Clock } from '../../server/time/clock.ts';
import type { QueueState } from '../process/work-metrics.ts';

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Keys worked on at the same time; never the same key twice. Those in trouble have slots of their own, half as many. */
  readonly concurrency: number;
  /** Shortest time between two starts of one key, so that another writer cannot make it spin. */
  readonly minIntervalMs: number;
  readonly backoff: Backoff;
  /**
   * What a person asked for under this key, as text. A change of it ends the backoff, once: whoever mends something must not
   * wait for the trouble to be over.
   */
  readonly wish?: (key: string) => string;
  /** Does the work. A rejection is retried with backoff. @returns milliseconds after which to look again */
  readonly run: (key: string) => Promise<number | undefined>;
  /** How long, in milliseconds, whoever refused the work wants to be left alone; 0 when that is not said. */
  readonly retryAfterMs?: (error: unknown) => number;
  /** Told of every {@link WorkQueue.add}. */
  readonly onAdd?: () => void;
  /** Told when work on a key begins. @param waitedMs how long it waited for a worker after its turn had come */
  readonly onStart?: (waitedMs: number) => void;
  /** Told when work on a key is put off because it failed. */
  readonly onRetry?: () => void;
}

/** In trouble is who failed or was slow the last time. */
type Lane = 'well' | 'inTrouble';

interface Entry {
  /** Earliest time that is wanted for the next start; undefined when none is. */
  due: number | undefined;
  /** When its turn came. */
  readyAt: number;
  startedAt: number;
  failures: number;
  /** Whether the last run took longer than {@link SLOW_MS}. */
  slow: boolean;
  /** No start before this time. */
  notBefore: number;
  /** What was wished when it last started. */
  wish: string | undefined;
  /** Whose slot it takes while it runs. */
  running: Lane | undefined;
  /** Cancels the timer of the next start, or of forgetting the key. */
  cancel: () => void;
}

/**
 * Who runs longer gives its slot to somebody else and goes on in one of those in trouble. A pass that writes all children
 * takes a quarter of it; one write that hangs takes all of its time-out of 15 s.
 */
const SLOW_MS = 2_000;
/**
 * How many times the concurrency may run after giving its slot away. It bounds what an API server that answers nobody is sent
 * at the same time.
 */
const HANGING = 4;
/**
 * What happens to a key that failed fast cuts its backoff short, down to this: as often as a healthy ChatCluster is decided on.
 * One child that is refused must not keep the others from being scaled.
 */
const AFTER_FAILURE_MS = 5_000;

/**
 * That a key was slow is forgotten after so long without a run: the longest time between two attempts of one that fails. What
 * the key stood for may be gone.
 */
const SLOW_FOR_MS = 60_000;

const nothing = () => {};

/**
 * A queue of keys, not of events: a key that is added often is worked on once, and again only if it was added while it
 * ran. What happened is read from the caches when the key's turn comes. Keys that fail or hang delay each other, and nobody
 * else.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #entries = new Map<string, Entry>();
  /** Keys whose turn it is, first come first served. */
  readonly #ready: Record<Lane, Set<string>> = { well: new Set(), inTrouble: new Set() };
  readonly #running: Record<Lane, number> = { well: 0, inTrouble: 0 };
  readonly #slots: Record<Lane, number>;
  #closed = false;
  readonly #onIdle: (() => void)[] = [];

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#slots = { well: options.concurrency, inTrouble: Math.ceil(options.concurrency / 2) };
  }

  /** Keys that are due and wait for a worker. */
  get depth(): number {
    return this.#ready.well.size + this.#ready.inTrouble.size;
  }

  /** What waits and what runs at this moment. */
  get state(): QueueState {
    const now = this.#options.clock.now();
    const times = [...this.#entries.values()].flatMap(({ running, startedAt }) => (running ? [now - startedAt] : []));
    return {
      depth: this.depth,
      unfinishedMs: times.reduce((sum, ms) => sum + ms, 0),
      longestMs: Math.max(0, ...times),
    };
  }

  /** Wants `key` worked on, now or after `ms`. An earlier wish stands. */
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

  /** Starts nothing more and resolves when what runs has ended. */
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

  /** @returns whether a backoff ends here, because somebody wants something else than what failed */
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
    entry.cancel = clock.after(SLOW_MS, () => this.#makeRoom(entry));
    void run(key)
      .then(
        again => this.#succeeded(entry, again),
        (error: unknown) => this.#failed(entry, error),
      )
      .then(again => this.#ended(key, entry, again));
  }

  /** Lets somebody else start in the slot of one that hangs. */
  #makeRoom(entry: Entry): void {
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
    const told = retryAfterMs?.(error) ?? 0;
    const again = Math.max(told, backoffMs(backoff, ++entry.failures, random()));
    this.#time(entry);
    entry.notBefore = clock.now() + (entry.slow ? again : Math.max(told, Math.min(again, AFTER_FAILURE_MS)));
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
    // It may have changed while it ran.
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
