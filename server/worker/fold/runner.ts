import type { Logger } from 'pino';
import type { Delivery } from '../../bus/delivery.ts';
import type { FoldLog, FoldLogState } from '../../bus/fold-log.ts';
import type { Names } from '../../bus/names.ts';
import { backoffMs } from '../../time/backoff.ts';
import { type Clock, sleep } from '../../time/clock.ts';
import { Repeats } from '../../time/repeats.ts';
import { RETRY } from '../../time/retry.ts';
import { collect } from '../batch/collect.ts';
import { foldEntries } from './entries.ts';
import { type FoldPosition, type FoldStart, type Lease, LeaseLost, type WorkerFold } from './fold.ts';
import { inFoldSpans } from './fold-trace.ts';

/** A fold, and what its runner reads and reports. */
export interface RunnerParts {
  readonly fold: WorkerFold;
  readonly foldLog: FoldLog;
  readonly names: Pick<Names, 'logSubjects'>;
  /** Resolves once the fold may read a partition, or `signal` aborts. */
  ready(partition: number, signal: AbortSignal): Promise<void>;
  /** Called after each batch with its number of entries. */
  folded(partition: number, entries: number): void;
  /** Called with the reason after each failure, and with null when reading and applying work again. */
  failing(partition: number, problem: string | null): void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

/**
 * Runs one fold: reads LOG of a partition in order, applies it in batches, and saves the position after each. Whatever fails starts
 * again from the saved position, so that a holder that ends at any step is replaced without a loss.
 */
export class Runner {
  readonly #parts: RunnerParts;
  readonly #repeats: Repeats;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#repeats = new Repeats(parts.clock.now);
  }

  /**
   * Folds under a lease until it ends. Never rejects.
   * @returns as {@link LeaseLost.later}
   */
  async run(lease: Lease): Promise<number> {
    const { fold, failing, clock, random, log } = this.#parts;
    const { partition, signal } = lease;
    let failures = 0;
    let later = 0;
    const works = () => {
      if (failures > 0) failing(partition, null);
      failures = 0;
    };
    while (!signal.aborted) {
      try {
        await this.#follow(lease, works);
      } catch (error) {
        if (error instanceof LeaseLost) later = error.later;
        if (error instanceof LeaseLost || signal.aborted) break;
        failures += 1;
        const reason = (error as Error).message;
        failing(partition, reason);
        const news = this.#repeats.news(reason);
        if (news)
          log.warn({ fold: fold.name, partition, reason, ...news }, 'a partition could not be folded; tried again');
        await sleep(clock, backoffMs(RETRY, failures, random()), signal);
      }
    }
    works();
    return later;
  }

  /** Follows LOG from the saved position until the lease ends or LOG does not continue. */
  async #follow(lease: Lease, works: () => void): Promise<void> {
    const { fold, foldLog, ready } = this.#parts;
    const { partition, signal } = lease;
    await ready(partition, signal);
    if (signal.aborted) return;
    const saved = await fold.readPosition(partition);
    const state = await foldLog.state(partition);
    const start = startOf(partition, saved, state);
    if (signal.aborted) return;
    await fold.begin(start, lease);
    let { to } = start;
    if (saved?.epoch !== to.epoch || saved.at !== to.at) await this.#save(to, lease);
    const from = { partition, first: to.at + 1, headersOnly: fold.headersOnly };
    await foldLog.scan(from, async scan => {
      for (let busy = false; !signal.aborted; ) {
        const batch: Delivery[] = [];
        await collect(batch, { limits: fold.limits, busy, pull: scan, clock: this.#parts.clock }, signal);
        if (signal.aborted) return;
        // Read after the batch: a lift changes the epoch before LOG takes messages again, so all of it is of the epoch before.
        const now = await foldLog.state(partition);
        if (!continues(now, to)) return;
        const next = batch.at(-1)?.sequence ?? (await this.#emptyUpTo(to, now, partition));
        if (next > to.at) {
          await this.#apply(batch, to.epoch, next, lease);
          to = { epoch: to.epoch, at: next };
          await this.#save(to, lease);
        } else await fold.idle?.(partition, lease);
        works();
        busy = batch.length >= fold.limits.size;
      }
    });
  }

  async #apply(batch: readonly Delivery[], epoch: string, upto: number, lease: Lease): Promise<void> {
    const { fold, names, folded } = this.#parts;
    const { partition, signal } = lease;
    if (signal.aborted) throw new LeaseLost(lease);
    if (batch.length === 0) return;
    const prefix = names.logSubjects(partition).replace('*', '');
    const entries = foldEntries(batch, { prefix, epoch, headersOnly: fold.headersOnly });
    const folding = { partition, epoch, entries, upto };
    await inFoldSpans(fold.name, folding, () => fold.apply(folding, lease));
    folded(partition, entries.length);
  }

  async #save(position: FoldPosition, lease: Lease): Promise<void> {
    if (lease.signal.aborted) throw new LeaseLost(lease);
    await this.#parts.fold.savePosition(lease.partition, position, lease);
  }

  /** Offset up to which LOG has nothing above a position, asked when a scan found nothing: its replica may lag. */
  async #emptyUpTo({ at }: FoldPosition, { last }: FoldLogState, partition: number): Promise<number> {
    return last > at && !(await this.#parts.foldLog.has(partition, at, last)) ? last : at;
  }
}

/** Start of reading. @throws if LOG lost entries that are folded: a worker gives it another epoch, under which the fold goes on */
function startOf(partition: number, from: FoldPosition | null, { epoch, first, last }: FoldLogState): FoldStart {
  if (from?.epoch !== epoch || from.at < first - 1) {
    const gap = from !== null || first > 1;
    return { partition, from, to: { epoch, at: first - 1 }, gap };
  }
  if (from.at > last) throw new Error(`LOG ends at offset ${last}, below the position ${from.at} of the fold`);
  return { partition, from, to: from, gap: false };
}

/** True if LOG has everything above a position. */
const continues = ({ epoch, first, last }: FoldLogState, { epoch: own, at }: FoldPosition) =>
  epoch === own && first <= at + 1 && last >= at;
