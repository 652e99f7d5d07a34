import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { NatsConnection } from '../bus/connect.ts';
import type { Copies } from '../bus/copies.ts';
import { eraser } from '../bus/erase.ts';
import { foldLog } from '../bus/fold-log.ts';
import type { JetStreamManager } from '../bus/jetstream-api.ts';
import { leaseBucket } from '../bus/lease-bucket.ts';
import type { Names } from '../bus/names.ts';
import type { Config } from '../settings/config.ts';
import type { MongoStore } from '../store/mongo.ts';
import type { Clock } from '../time/clock.ts';
import type { WorkerFold } from './fold/fold.ts';
import { runFolds } from './fold/folds.ts';
import { FoldProgress } from './fold/progress.ts';
import type { Health } from './health.ts';
import type { WorkerMetrics } from './metrics.ts';
import { ViewsFold } from './views/views.ts';

/** Services of a worker that its folds use. */
export interface WorkerFoldsParts {
  readonly config: Pick<Config, 'partitions' | 'processName'>;
  readonly names: Names;
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly store: MongoStore;
  /** Copies of the bucket of leases. */
  readonly copies: Pick<Copies, 'forNew' | 'make'>;
  readonly health: Health;
  readonly metrics: WorkerMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The folds that every worker runs. */
function foldsOf({ names, jsm, store, clock }: WorkerFoldsParts): readonly WorkerFold[] {
  const storedUpTo = async (partition: number) =>
    (await jsm.consumers.info(names.logStream(partition), names.storeConsumer)).ack_floor.stream_seq;
  return [new ViewsFold({ store, storedUpTo, erase: eraser(jsm, names), clock })];
}

/** All folds of a worker. */
export interface WorkerFolds {
  /** Positions of the folds, for which purges wait. */
  readonly progress: FoldProgress;
  /**
   * Runs this worker's share until `signal` aborts and the last batch is done.
   * @param ready as {@link RunnerParts.ready}
   */
  run(ready: (partition: number, signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
}

/** Makes the folds of a worker. */
export function workerFolds(parts: WorkerFoldsParts): WorkerFolds {
  const { config, names, connection, jsm, copies, health, metrics, clock, log } = parts;
  const folds = foldsOf(parts);
  const progress = new FoldProgress({
    folds,
    lag(fold, partition, lag) {
      const labels = { fold, partition: String(partition) };
      metrics.foldLag.set(labels, lag.entries);
      metrics.foldLagSeconds.set(labels, lag.seconds);
      const wasLate = health.folds.isLate(fold, partition);
      health.folds.lagIs(fold, partition, lag);
      const isLate = health.folds.isLate(fold, partition);
      if (isLate && !wasLate)
        log.warn({ fold, partition, ...lag }, 'a fold is late; the stream LOG keeps what it has not read');
      if (wasLate && !isLate) log.info({ fold, partition }, 'the fold has caught up');
    },
    clock,
  });
  const run: WorkerFolds['run'] = async (ready, signal) =>
    await runFolds(
      {
        folds,
        partitions: config.partitions,
        holder: `${config.processName} ${randomUUID().slice(0, 8)}`,
        open: () => leaseBucket(connection, names.leaseBucket, copies),
        foldLog: foldLog(connection, jsm, names),
        names,
        ready,
        held: (fold, count) => metrics.foldLeases.set({ fold }, count),
        folded: (fold, entries) => metrics.folded.inc({ fold }, entries),
        failing: (fold, partition, problem) => health.folds.failing(fold, partition, problem),
        clock,
        random: Math.random,
        log,
      },
      signal,
    );
  return { progress, run };
}
