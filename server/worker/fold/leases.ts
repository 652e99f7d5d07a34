import type { Logger } from 'pino';
import { type LeaseBucket, type LeaseRecord, LeaseTaken } from '../../bus/lease-bucket.ts';
import { type Clock, type Moment, sleep } from '../../time/clock.ts';
import { Repeats } from '../../time/repeats.ts';
import type { Lease } from './fold.ts';
import { Heartbeats } from './heartbeats.ts';
import { planLeases, type SeenLease } from './lease-plan.ts';

/** Time between two looks, each of which writes the heartbeat. */
const LOOK_MS = 2_000;
/** Time after which a lease is written again: NATS removes keys that were not written for an hour. */
const REFRESH_MS = 600_000;

export interface LeasesParts {
  /** Opens the bucket; called again until it resolves. */
  open(): Promise<LeaseBucket>;
  /** Name of this process in the bucket: unique, also among processes that had the same name before. */
  readonly holder: string;
  readonly folds: readonly string[];
  /** Folds of streams that all partitions share, each with one lease. Default: none. */
  readonly shared?: readonly string[];
  readonly partitions: number;
  /**
   * Folds until the signal of the lease aborts, or until it cannot go on; the lease is free after that. Never rejects.
   * @returns as {@link LeaseLost.later}
   */
  fold(lease: Lease): Promise<number>;
  /** Called with the number of leases of a fold whenever it changes. */
  held(fold: string, count: number): void;
  /** Called at each look with the lowest {@link LEVEL} of the workers that are alive, before any lease is taken. */
  level(lowest: number): void;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Held {
  readonly epoch: number;
  readonly end: AbortController;
  revision: number;
  writtenAt: Moment;
}

interface Value {
  readonly holder: string;
  readonly epoch: number;
}

type Records = ReadonlyMap<string, LeaseRecord>;

/**
 * Leases of one worker. A lease is a key that names its holder, and is valid until another worker declares the holder dead, see
 * {@link Heartbeats}: so the writes of an idle worker do not grow with the partitions. A worker that cannot send its heartbeat ends
 * its folds before that, and so does one that comes back and finds itself declared dead. Leases are taken and freed by
 * compare-and-set. The epoch is above that of the holder before, and not below the time of day, so that it also rises if the
 * bucket was lost. A fold that finds a higher one nevertheless gets a lease above it.
 */
export class Leases {
  readonly #parts: LeasesParts;
  readonly #heartbeats: Heartbeats;
  readonly #held = new Map<string, Held>();
  /** Folds that are ending, by key: the next lease of the same key waits for them. */
  readonly #ending = new Map<string, Promise<void>>();
  readonly #repeats: Repeats;

  constructor(parts: LeasesParts) {
    this.#parts = parts;
    this.#heartbeats = new Heartbeats(parts.holder, parts.clock, () => this.#endAll());
    this.#repeats = new Repeats(parts.clock.now);
  }

  /** Takes leases and folds under them until `signal` aborts; then gives them up, once the folds have ended. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    let bucket: LeaseBucket | null = null;
    while (!signal.aborted) {
      try {
        bucket ??= await this.#parts.open();
        await this.#look(bucket);
      } catch (error) {
        bucket = null; // it may be gone
        const reason = (error as Error).message;
        const news = this.#repeats.news(reason);
        if (news) log.warn({ reason, ...news }, 'the leases of folds could not be read or renewed; tried again');
      }
      await sleep(clock, LOOK_MS, signal);
    }
    this.#endAll();
    await Promise.all(this.#ending.values());
    await this.#heartbeats.stop(bucket);
  }

  async #look(bucket: LeaseBucket): Promise<void> {
    await this.#heartbeats.beat(bucket);
    const records = await bucket.read();
    this.#compare(records);
    await Promise.all([this.#refresh(bucket), this.#freeForgotten(bucket, records)]);
    const values = new Map([...records].map(([key, { value }]) => [key, read(value)]));
    const holders = new Set(this.#keys().flatMap(({ key }) => values.get(key)?.holder || []));
    this.#heartbeats.observe(records, holders);
    this.#parts.level(this.#heartbeats.lowestLevel(records));
    const dead = new Set<string>();
    for (const holder of holders) if (await this.#heartbeats.isDead(bucket, records, holder)) dead.add(holder);
    const leases = this.#keys().map(({ key, fold }): SeenLease => {
      const { holder = '' } = values.get(key) ?? {};
      const isFree = (holder === '' || dead.has(holder)) && !this.#ending.has(key);
      return { key, fold, state: this.#held.has(key) ? 'mine' : isFree ? 'free' : 'other' };
    });
    const { take, release } = planLeases(leases, this.#heartbeats.countAlive(records));
    for (const key of release) this.#end(key);
    await Promise.all(take.map(key => this.#take(bucket, key, records.get(key))));
  }

  /** Ends leases that another process has written or removed. */
  #compare(records: Records): void {
    // All that was written up to this revision is in the records, or was removed.
    const reached = Math.max(0, ...[...records.values()].map(({ revision }) => revision));
    for (const [key, held] of this.#held) {
      if (reached < held.revision) continue;
      const record = records.get(key);
      const isOurs = record && isOf(read(record.value), this.#parts.holder, held.epoch);
      // Ours with another revision if the answer to a write was lost.
      if (isOurs) held.revision = Math.max(held.revision, record.revision);
      else this.#end(key);
    }
  }

  async #refresh(bucket: LeaseBucket): Promise<void> {
    const { holder, clock } = this.#parts;
    const old = [...this.#held].filter(([, { writtenAt }]) => clock.now() - writtenAt >= REFRESH_MS);
    for (const [key, held] of old)
      await orTaken(async () => {
        held.revision = await bucket.write(key, JSON.stringify({ holder, epoch: held.epoch }), held.revision);
        held.writtenAt = clock.now();
      });
  }

  /** Frees leases that name this worker and that it does not have: it gave them up while NATS did not answer. */
  async #freeForgotten(bucket: LeaseBucket, records: Records): Promise<void> {
    for (const { key } of this.#keys()) {
      const record = records.get(key);
      if (!record || this.#held.has(key) || this.#ending.has(key)) continue;
      const { holder, epoch } = read(record.value);
      if (holder === this.#parts.holder)
        await orTaken(async () => void (await bucket.write(key, freed(epoch), record.revision)));
    }
  }

  async #take(bucket: LeaseBucket, key: string, record: LeaseRecord | undefined): Promise<void> {
    const { holder, clock, log } = this.#parts;
    const last = record ? read(record.value).epoch : 0;
    const epoch = Math.max(last + 1, clock.wallClock());
    const writtenAt = clock.now();
    await orTaken(async () => {
      const revision = await bucket.write(key, JSON.stringify({ holder, epoch }), record?.revision ?? 0);
      if (!this.#heartbeats.isAlive) return; // the answer took too long: another worker may have the lease by now
      this.#begin(bucket, key, { epoch, end: new AbortController(), revision, writtenAt });
      log.info({ lease: key, epoch }, 'this worker folds the partition');
    });
  }

  #begin(bucket: LeaseBucket, key: string, held: Held): void {
    const [fold = '', partition = ''] = key.split('.');
    const { signal } = held.end;
    this.#held.set(key, held);
    this.#report(fold);
    const work = this.#parts.fold({ fold, partition: Number(partition), epoch: held.epoch, signal });
    void work.then(() => held.end.abort());
    const ended = () => {
      this.#held.delete(key);
      this.#report(fold);
      const isFree = work.then(later => this.#free(bucket, key, held, later)).finally(() => this.#ending.delete(key));
      this.#ending.set(key, isFree);
    };
    signal.addEventListener('abort', ended, { once: true });
  }

  /**
   * Frees a lease whose fold has ended, unless another worker has it.
   * @param later epoch above which the next one has to be: leases are forgotten after an hour without workers, and the clock of an
   * earlier holder may have been ahead
   */
  async #free(bucket: LeaseBucket, key: string, { epoch, revision }: Held, later: number): Promise<void> {
    await bucket.write(key, freed(Math.max(epoch, later)), revision).catch(() => undefined); // else a later look frees it
  }

  #end(key: string): void {
    this.#held.get(key)?.end.abort();
  }

  #endAll(): void {
    for (const key of [...this.#held.keys()]) this.#end(key);
  }

  /** Keys of all leases. */
  #keys(): { readonly key: string; readonly fold: string }[] {
    const { folds, shared = [], partitions } = this.#parts;
    const ofPartitions = folds.flatMap(fold =>
      Array.from({ length: partitions }, (_, partition) => ({ key: `${fold}.${partition}`, fold })),
    );
    return [...ofPartitions, ...shared.map(fold => ({ key: `${fold}.0`, fold }))];
  }

  #report(fold: string): void {
    this.#parts.held(fold, [...this.#held.keys()].filter(key => key.startsWith(`${fold}.`)).length);
  }
}

const isOf = (value: Value, holder: string, epoch: number) => value.holder === holder && value.epoch === epoch;

const freed = (epoch: number): string => JSON.stringify({ holder: '', epoch });

/** Calls `write`; does nothing if another process was faster: the next look tells what it wrote. */
async function orTaken(write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof LeaseTaken)) throw error;
  }
}

/** Reads the value of a lease; one that no worker wrote is free. */
function read(text: string): Value {
  try {
    const { holder, epoch } = JSON.parse(text) as Partial<Value>;
    return { holder: typeof holder === 'string' ? holder : '', epoch: Number.isSafeInteger(epoch) ? Number(epoch) : 0 };
  } catch {
    return { holder: '', epoch: 0 };
  }
}
