import type { FoldLog } from '../../bus/fold-log.ts';
import type { LeaseBucket } from '../../bus/lease-bucket.ts';
import type { Lease, WorkerFold } from './fold.ts';
import { Leases } from './leases.ts';
import type { RunnerParts } from './runner.ts';
import { Runner } from './runner.ts';

/** A fold of a stream that all partitions share: one worker folds it. */
export interface SharedFold {
  /** See {@link WorkerFold.name}. */
  readonly name: string;
  /** See {@link LeasesParts.fold}. */
  run(lease: Lease): Promise<number>;
}

/** Folds of a worker, and what they read and report. */
export interface FoldsParts extends Omit<RunnerParts, 'fold' | 'ready' | 'folded' | 'failing'> {
  readonly folds: readonly WorkerFold[];
  /** Folds of streams that all partitions share. Default: none. */
  readonly shared?: readonly SharedFold[];
  readonly partitions: number;
  /** See {@link LeasesParts.holder}. */
  readonly holder: string;
  /** Opens the bucket of leases. */
  open(): Promise<LeaseBucket>;
  readonly foldLog: FoldLog;
  /**
   * Resolves once the streams of a partition are known to be right, or `signal` aborts.
   * @param needsStore as {@link WorkerFold.needsStore}
   */
  ready(partition: number, needsStore: boolean, signal: AbortSignal): Promise<void>;
  /** Called with the number of leases that this worker has of a fold, whenever it changes. */
  held(fold: string, count: number): void;
  /** Called as {@link LeasesParts.level}. */
  level(lowest: number): void;
  /** Called after each batch with its number of entries. */
  folded(fold: string, entries: number): void;
  /** Called as {@link RunnerParts.failing}. */
  failing(fold: string, partition: number, problem: string | null): void;
}

/** Runs this worker's share of all folds until `signal` aborts and the last batch is done. */
export async function runFolds(parts: FoldsParts, signal: AbortSignal): Promise<void> {
  const { folds, shared = [], partitions, holder, open, ready, held, level, folded, failing, ...common } = parts;
  const ofPartitions = new Map(
    folds.map(fold => [
      fold.name,
      new Runner({
        ...common,
        fold,
        ready: (partition, ended) => ready(partition, fold.needsStore, ended),
        folded: (_, entries) => folded(fold.name, entries),
        failing: (partition, problem) => failing(fold.name, partition, problem),
      }),
    ]),
  );
  const runners = new Map<string, Pick<SharedFold, 'run'>>([
    ...ofPartitions,
    ...shared.map(fold => [fold.name, fold] as const),
  ]);
  const leases = new Leases({
    open,
    holder,
    folds: [...ofPartitions.keys()],
    shared: shared.map(({ name }) => name),
    partitions,
    fold: async lease => (await runners.get(lease.fold)?.run(lease)) ?? 0,
    held,
    level,
    clock: common.clock,
    log: common.log,
  });
  await leases.run(signal);
}
