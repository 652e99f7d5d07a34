import type { Logger } from 'pino';
import { type LeaseBucket, type LeaseRecord, LeaseTaken } from '../../bus/lease-bucket.ts';
import { roomToken } from '../../bus/names.ts';
import { type Clock, type Moment, sleep } from '../../time/clock.ts';
import { Repeats } from '../../time/repeats.ts';
import type { Lease } from './fold.ts';
import { planLeases, type SeenLease } from './lease-plan.ts';

/** Time without a renewal after which a lease is free for other workers, by their clocks. */
export const TTL_MS = 10_000;
/** Time since the last renewal was sent after which the holder itself gives up: before others may begin, also with slow clocks. */
const KEPT_MS = 7_000;
/** Time between two looks, each of which renews the leases. */
const LOOK_MS = 2_000;
/** Key of a worker itself, by which the others count it. */
const WORKER_PREFIX = 'worker.';

export interface LeasesParts {
  /** Opens the bucket; called again until it resolves. */
  open(): Promise<LeaseBucket>;
  /** Name of this process in the bucket: unique, also among processes that had the same name before. */
  readonly holder: string;
  readonly folds: readonly string[];
  readonly partitions: number;
  /** Folds until the signal of the lease aborts, or until it cannot go on; the lease is free after that. Never rejects. */
  fold(lease: Lease): Promise<void>;
  /** Called with the number of leases of a fold whenever it changes. */
  held(fold: string, count: number): void;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Held {
  readonly epoch: number;
  readonly end: AbortController;
  revision: number;
  /** Time at which the last renewal that was answered was sent. */
  renewedAt: Moment;
}

interface Value {
  readonly holder: string;
  readonly epoch: number;
}

/**
 * Leases of one worker. A lease is a key that is renewed every {@link LOOK_MS} by compare-and-set. Another worker takes it once it
 * has seen one revision for {@link TTL_MS}: no clocks are compared. Its epoch is above that of the holder before, and not below the
 * time of day, so that it also rises if the bucket was lost.
 */
export class Leases {
  readonly #parts: LeasesParts;
  readonly #held = new Map<string, Held>();
  /** Folds that are ending, by key: the next lease of the same key waits for them. */
  readonly #ending = new Map<string, Promise<void>>();
  /** Revision of each key, and since when this worker sees it. */
  readonly #seen = new Map<string, { readonly revision: number; readonly since: Moment }>();
  readonly #repeats: Repeats;
  #own = 0;

  constructor(parts: LeasesParts) {
    this.#parts = parts;
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
    for (const key of [...this.#held.keys()]) this.#end(key);
    await Promise.all(this.#ending.values());
    await bucket?.write(this.#me, '', this.#own).catch(() => undefined); // the others count it for some more seconds
  }

  async #look(bucket: LeaseBucket): Promise<void> {
    const { holder, clock } = this.#parts;
    const me = this.#me;
    await Promise.all([...this.#held].map(([key, held]) => this.#renew(bucket, key, held)));
    this.#own = await bucket.write(me, holder, this.#own).catch((error: unknown) => {
      if (error instanceof LeaseTaken) return this.#own; // its revision was lost with an answer, and is read below
      throw error;
    });
    const records = await bucket.read();
    this.#own = Math.max(this.#own, records.get(me)?.revision ?? 0);
    this.#observe(records, clock.now());
    const others = [...records].filter(
      ([key, { value }]) => key.startsWith(WORKER_PREFIX) && key !== me && value !== '' && this.#isFresh(key),
    );
    const { take, release } = planLeases(this.#leases(records), others.length + 1);
    for (const key of release) this.#end(key);
    await Promise.all(take.map(key => this.#take(bucket, key, records.get(key))));
  }

  /** Notes how long each revision is seen. Our own records tell whether a lease is still ours. */
  #observe(records: ReadonlyMap<string, LeaseRecord>, now: Moment): void {
    for (const [key, { value, revision }] of records) {
      const seen = this.#seen.get(key);
      if (!seen || seen.revision < revision) this.#seen.set(key, { revision, since: now });
      const held = this.#held.get(key);
      if (!held || revision <= held.revision) continue;
      // Ours, if the answer to a renewal was lost.
      if (isOf(read(value), this.#parts.holder, held.epoch)) held.revision = revision;
      else this.#end(key);
    }
    for (const key of this.#seen.keys()) if (!records.has(key)) this.#seen.delete(key);
  }

  #isFresh(key: string): boolean {
    const seen = this.#seen.get(key);
    return seen !== undefined && this.#parts.clock.now() - seen.since < TTL_MS;
  }

  #leases(records: ReadonlyMap<string, LeaseRecord>): SeenLease[] {
    const { folds, partitions } = this.#parts;
    return folds.flatMap(fold =>
      Array.from({ length: partitions }, (_, partition): SeenLease => {
        const key = `${fold}.${partition}`;
        const record = records.get(key);
        const taken = record && read(record.value).holder !== '' && this.#isFresh(key);
        const state = this.#held.has(key) ? 'mine' : taken || this.#ending.has(key) ? 'other' : 'free';
        return { key, fold, state };
      }),
    );
  }

  async #take(bucket: LeaseBucket, key: string, record: LeaseRecord | undefined): Promise<void> {
    const { holder, clock, log } = this.#parts;
    const last = record ? read(record.value).epoch : 0;
    const epoch = Math.max(last + 1, clock.wallClock());
    const renewedAt = clock.now();
    try {
      const revision = await bucket.write(key, JSON.stringify({ holder, epoch }), record?.revision ?? 0);
      this.#begin(bucket, key, { epoch, end: new AbortController(), revision, renewedAt });
      log.info({ lease: key, epoch }, 'this worker folds the partition');
    } catch (error) {
      if (!(error instanceof LeaseTaken)) throw error; // another worker was faster
    }
  }

  #begin(bucket: LeaseBucket, key: string, held: Held): void {
    const [fold = '', partition = ''] = key.split('.');
    const { signal } = held.end;
    this.#held.set(key, held);
    this.#report(fold);
    this.#expire(held, KEPT_MS - (this.#parts.clock.now() - held.renewedAt));
    const work = this.#parts.fold({ fold, partition: Number(partition), epoch: held.epoch, signal });
    void work.then(() => held.end.abort());
    const ended = () => {
      this.#held.delete(key);
      this.#report(fold);
      const freed = work.then(() => this.#free(bucket, key, held)).finally(() => this.#ending.delete(key));
      this.#ending.set(key, freed);
    };
    signal.addEventListener('abort', ended, { once: true });
  }

  /** Ends the lease once it was not renewed for {@link KEPT_MS}. */
  #expire(held: Held, ms: number): void {
    const { clock } = this.#parts;
    const cancel = clock.after(Math.max(0, ms), () => {
      const left = KEPT_MS - (clock.now() - held.renewedAt);
      if (left > 0) this.#expire(held, left);
      else held.end.abort();
    });
    held.end.signal.addEventListener('abort', cancel, { once: true });
  }

  async #renew(bucket: LeaseBucket, key: string, held: Held): Promise<void> {
    const { holder, clock } = this.#parts;
    const sentAt = clock.now();
    try {
      held.revision = await bucket.write(key, JSON.stringify({ holder, epoch: held.epoch }), held.revision);
      held.renewedAt = sentAt;
    } catch (error) {
      if (!(error instanceof LeaseTaken)) throw error; // the next read tells whether it is still ours
    }
  }

  /** Frees a lease whose fold has ended, unless another worker has it. */
  async #free(bucket: LeaseBucket, key: string, { epoch, revision }: Held): Promise<void> {
    await bucket.write(key, JSON.stringify({ holder: '', epoch }), revision).catch(() => undefined); // else it expires
  }

  #end(key: string): void {
    this.#held.get(key)?.end.abort();
  }

  get #me(): string {
    return WORKER_PREFIX + roomToken(this.#parts.holder);
  }

  #report(fold: string): void {
    this.#parts.held(fold, [...this.#held.keys()].filter(key => key.startsWith(`${fold}.`)).length);
  }
}

const isOf = (value: Value, holder: string, epoch: number) => value.holder === holder && value.epoch === epoch;

/** Reads the value of a lease; one that no worker wrote is free. */
function read(text: string): Value {
  try {
    const { holder, epoch } = JSON.parse(text) as Partial<Value>;
    return { holder: typeof holder === 'string' ? holder : '', epoch: Number.isSafeInteger(epoch) ? Number(epoch) : 0 };
  } catch {
    return { holder: '', epoch: 0 };
  }
}
