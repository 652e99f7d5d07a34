import { type LeaseBucket, type LeaseRecord, LeaseTaken } from '../../bus/lease-bucket.ts';
import { roomToken } from '../../bus/names.ts';
import type { Clock, Moment } from '../../time/clock.ts';

/** Time without a heartbeat after which a worker is dead for the others, by their clocks. */
export const TTL_MS = 10_000;
/** Time since the last heartbeat was sent after which the worker itself gives up: before others may begin, also with slow clocks. */
const KEPT_MS = 7_000;

/**
 * Level of what this release does with stored messages; a worker of a release before levels has 0. 1: it marks messages that count as
 * unread.
 */
export const LEVEL = 1;

const PREFIX = 'worker.';
/** Value of a worker that has stopped, or that another one has declared dead. */
const DEAD = '';

const keyOf = (holder: string): string => PREFIX + roomToken(holder);

type Records = ReadonlyMap<string, LeaseRecord>;

/**
 * Heartbeats of workers: one key for each, which its worker writes by compare-and-set. Another worker that has seen one revision of it for
 * {@link TTL_MS} may declare the worker dead, with a compare-and-set on that revision: no clocks are compared, a replica that lags
 * deceives nobody, and a worker that is declared dead learns of it with its next heartbeat.
 */
export class Heartbeats {
  readonly #holder: string;
  /** Value of this worker's key: a release before levels wrote the holder alone. */
  readonly #value: string;
  readonly #clock: Pick<Clock, 'now' | 'after'>;
  /** Called when this worker may have been declared dead, before others can have its leases. */
  readonly #lost: () => void;
  #revision = 0;
  /** Time at which the last heartbeat that was answered was sent. */
  #beatAt: Moment | null = null;
  #cancel: (() => void) | null = null;
  /** Last revision of each other worker, 0 for a missing key, and since when this worker sees it. */
  readonly #seen = new Map<string, { readonly revision: number; readonly since: Moment }>();

  constructor(holder: string, clock: Pick<Clock, 'now' | 'after'>, lost: () => void) {
    this.#holder = holder;
    this.#value = JSON.stringify({ holder, level: LEVEL });
    this.#clock = clock;
    this.#lost = lost;
  }

  /** True while no other worker can have declared this one dead. */
  get isAlive(): boolean {
    return this.#beatAt !== null && this.#clock.now() - this.#beatAt < KEPT_MS;
  }

  /** Writes the heartbeat of this worker. @throws {Error} if NATS does not answer, or others write its key */
  async beat(bucket: LeaseBucket): Promise<void> {
    try {
      await this.#write(bucket);
    } catch (error) {
      if (!(error instanceof LeaseTaken)) throw error;
      const record = (await bucket.read()).get(keyOf(this.#holder));
      // Still ours if the answer to a heartbeat was lost. A record that is older than the last answer tells nothing.
      if (record?.value !== this.#value && (record?.revision ?? Number.POSITIVE_INFINITY) > this.#revision)
        this.#lose();
      this.#revision = record?.revision ?? 0;
      await this.#write(bucket);
    }
  }

  /** Notes how long each revision is seen. @param holders workers that leases name: their keys may be missing */
  observe(records: Records, holders: Iterable<string>): void {
    const now = this.#clock.now();
    const keys = new Set([...records.keys()].filter(key => key.startsWith(PREFIX)));
    for (const holder of holders) keys.add(keyOf(holder));
    for (const key of keys) {
      const revision = records.get(key)?.revision ?? 0;
      const seen = this.#seen.get(key);
      if (!seen || seen.revision < revision) this.#seen.set(key, { revision, since: now });
    }
    for (const key of this.#seen.keys()) if (!keys.has(key)) this.#seen.delete(key);
  }

  /** Number of workers that are alive, this one included. */
  countAlive(records: Records): number {
    return 1 + this.#others(records).length;
  }

  /** Lowest level of the workers that are alive. */
  lowestLevel(records: Records): number {
    return Math.min(LEVEL, ...this.#others(records).map(({ value }) => levelOf(value)));
  }

  /** Records of other workers that are alive. */
  #others(records: Records): LeaseRecord[] {
    const me = keyOf(this.#holder);
    return [...records]
      .filter(([key, { value }]) => key !== me && value !== DEAD && this.#isFresh(key))
      .map(([, record]) => record);
  }

  /**
   * Finds whether a worker is dead, and declares it dead if it has been silent.
   * @returns true if it has no lease any more
   */
  async isDead(bucket: LeaseBucket, records: Records, holder: string): Promise<boolean> {
    const key = keyOf(holder);
    const record = records.get(key);
    if (record?.value === DEAD) return true;
    const seen = this.#seen.get(key);
    if (holder === this.#holder || !seen || this.#isFresh(key)) return false;
    try {
      await bucket.write(key, DEAD, seen.revision);
      return true;
    } catch (error) {
      if (error instanceof LeaseTaken) return false; // it is alive, or another worker was faster
      throw error;
    }
  }

  /** Tells the others that this worker has no lease any more. */
  async stop(bucket: LeaseBucket | null): Promise<void> {
    this.#cancel?.();
    this.#beatAt = null;
    await bucket?.write(keyOf(this.#holder), DEAD, this.#revision).catch(() => undefined); // they count it for some more seconds
  }

  async #write(bucket: LeaseBucket): Promise<void> {
    const sentAt = this.#clock.now();
    this.#revision = await bucket.write(keyOf(this.#holder), this.#value, this.#revision);
    this.#beatAt = sentAt;
    if (!this.#cancel) this.#watch();
  }

  /** Gives up once the last heartbeat is too old. */
  #watch(): void {
    const left = KEPT_MS - (this.#clock.now() - (this.#beatAt ?? Number.NEGATIVE_INFINITY));
    if (left <= 0) this.#lose();
    else this.#cancel = this.#clock.after(left, () => this.#watch());
  }

  #lose(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#beatAt = null;
    this.#lost();
  }

  #isFresh(key: string): boolean {
    const seen = this.#seen.get(key);
    return seen !== undefined && key.startsWith(PREFIX) && this.#clock.now() - seen.since < TTL_MS;
  }
}

/** Level of the worker that wrote a heartbeat. Pure. */
function levelOf(value: string): number {
  try {
    const { level } = JSON.parse(value) as { readonly level?: unknown };
    return Number.isSafeInteger(level) ? Number(level) : 0;
  } catch {
    return 0; // the name of a worker of a release before levels
  }
}
