import type { Delivery } from '../../bus/delivery.ts';
import type { FoldLog } from '../../bus/fold-log.ts';
import type { Names } from '../../bus/names.ts';
import type { Clock } from '../../time/clock.ts';
import { collect } from '../batch/collect.ts';
import { foldEntries } from './entries.ts';
import type { FoldEntry } from './fold.ts';

export interface ReplayParts {
  readonly foldLog: FoldLog;
  readonly names: Pick<Names, 'logSubjects'>;
  readonly clock: Clock;
}

const LIMITS = { size: 10_000, delayMs: 200, maxBytes: 8 * 1024 * 1024 };

/** Calls `work` with the entries that the LOG of a partition has now, in order and without their bodies, until `signal` aborts. */
export async function replay(
  { foldLog, names, clock }: ReplayParts,
  partition: number,
  signal: AbortSignal,
  work: (entries: readonly FoldEntry[]) => Promise<void>,
): Promise<void> {
  const { epoch, first, last } = await foldLog.state(partition);
  const prefix = names.logSubjects(partition).replace('*', '');
  await foldLog.scan({ partition, first, headersOnly: true }, async scan => {
    for (let reached = first - 1; reached < last && !signal.aborted; ) {
      if (!(await foldLog.has(partition, reached, last))) return;
      const batch: Delivery[] = [];
      await collect(batch, { limits: LIMITS, busy: true, pull: scan, clock }, signal);
      await work(foldEntries(batch, { prefix, epoch, headersOnly: true }));
      reached = batch.at(-1)?.sequence ?? reached;
    }
  });
}
