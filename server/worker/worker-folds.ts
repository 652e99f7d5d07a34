import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { NatsConnection } from '../bus/connect.ts';
import type { Copies } from '../bus/copies.ts';
import { readDeletions } from '../bus/deletions.ts';
import type { Digests } from '../bus/digests.ts';
import { eraser } from '../bus/erase.ts';
import { foldLog } from '../bus/fold-log.ts';
import { forgetDigests } from '../bus/forget-digests.ts';
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
import { StateFold } from './state/state-fold.ts';
import { ViewsFold } from './views/views.ts';

/** Services of a worker that its folds use. */
export interface WorkerFoldsParts {
  readonly config: Pick<Config, 'partitions' | 'processName' | 'lastRooms' | 'dedupeSeconds'>;
  readonly names: Names;
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly store: MongoStore;
  readonly digests: Digests;
  /** Copies of the bucket of leases. */
  readonly copies: Pick<Copies, 'forNew' | 'make'>;
  readonly health: Health;
  readonly metrics: WorkerMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The folds that every worker runs. */
function foldsOf(parts: WorkerFoldsParts, floorOf: FloorOf): readonly WorkerFold[] {
  const { names, jsm, store, clock } = parts;
  const storedUpTo = async (partition: number) =>
    (await jsm.consumers.info(names.logStream(partition), names.storeConsumer)).ack_floor.stream_seq;
  return [stateFold(parts, floorOf), new ViewsFold({ store, storedUpTo, erase: eraser(jsm, names), clock })];
}

/** Offset up to which a fold has everything; 0 if that is not known. */
type FloorOf = (fold: string, partition: number) => number;

function stateFold(
  { config, names, connection, jsm, digests, metrics, clock, log }: WorkerFoldsParts,
  floorOf: FloorOf,
): StateFold {
  return new StateFold({
    digests,
    foldLog: foldLog(connection, jsm, names),
    deletions: range => readDeletions(connection, names, range),
    erased: partition => floorOf('views', partition),
    async forget(partition, cover) {
      const { lastRooms } = config;
      const done = await forgetDigests({ connection, jsm, names, digests, partition }, cover, lastRooms);
      if (done)
        log.info(
          { partition, stream: names.lastStream(partition), forgotten: done.forgotten, lastRooms },
          'the stream LAST had more rooms than CHAT_LAST_ROOMS: those quiet for longest were removed; for clients that come back to them MongoDB is read',
        );
      return done?.cover ?? null;
    },
    keptMs: 2 * config.dedupeSeconds * 1_000,
    written: count => metrics.lastRooms.inc(count),
    clock,
    log,
  });
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
  const folds = foldsOf(parts, (fold, partition) => progress.floorOf(fold, partition));
  const progress: FoldProgress = new FoldProgress({
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
