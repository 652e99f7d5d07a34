import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { boundedTime } from '../bus/bounded-time.ts';
import type { NatsConnection } from '../bus/connect.ts';
import type { Copies } from '../bus/copies.ts';
import { readDeletions } from '../bus/deletions.ts';
import type { Digests } from '../bus/digests.ts';
import { readEdits } from '../bus/edits.ts';
import { entryLog } from '../bus/entry-log.ts';
import { eraser } from '../bus/erase.ts';
import { firstKept } from '../bus/first-kept.ts';
import { foldLog } from '../bus/fold-log.ts';
import { forgetDigests } from '../bus/forget-digests.ts';
import { forgottenIds } from '../bus/forgotten-ids.ts';
import type { JetStreamManager } from '../bus/jetstream-api.ts';
import { leaseBucket } from '../bus/lease-bucket.ts';
import { logClock, readLogTime } from '../bus/log-clock.ts';
import { marksLog } from '../bus/marks-log.ts';
import type { Names } from '../bus/names.ts';
import { policyKv } from '../bus/policy-kv.ts';
import { policyRooms } from '../bus/policy-rooms.ts';
import type { Written } from '../fold/room-state.ts';
import { StoreUnavailable } from '../room/history-store.ts';
import type { Config } from '../settings/config.ts';
import type { MongoStore } from '../store/mongo.ts';
import type { Clock } from '../time/clock.ts';
import type { FoldEntry, FoldPosition, Lease, WorkerFold } from './fold/fold.ts';
import { type FoldsParts, runFolds } from './fold/folds.ts';
import { keepMarks } from './fold/marks-budget.ts';
import { MARKS, MarksFold } from './fold/marks-fold.ts';
import { FoldProgress, type ProgressParts } from './fold/progress.ts';
import { replay } from './fold/replay.ts';
import type { Health } from './health.ts';
import type { WorkerMetrics } from './metrics.ts';
import { DirectRooms, type RoomDigests } from './state/direct-rooms.ts';
import { MentionNotices } from './state/mention-notices.ts';
import { Notices } from './state/notices.ts';
import { PolicyFill } from './state/policy-fill.ts';
import { PolicyFold, type PolicyFoldParts } from './state/policy-fold.ts';
import { PolicyPosition } from './state/policy-position.ts';
import { RefusedWrites } from './state/refused-writes.ts';
import { StateFold, type StateFoldParts } from './state/state-fold.ts';
import { storedNotice } from './state/stored-notice.ts';
import { WaitingNotices } from './state/waiting-notices.ts';
import { COUNTING_LEVEL, CountMarks } from './views/count-marks.ts';
import { Erasing } from './views/erasing.ts';
import { ViewsFold } from './views/views.ts';

/** Services of a worker that its folds use. */
export interface WorkerFoldsParts {
  readonly config: Pick<Config, 'partitions' | 'processName' | 'lastRooms' | 'dedupeSeconds' | 'marksKept'>;
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

/**
 * The folds that every worker runs.
 * @param areAllCounting true while no worker of a release before marks of countable messages is alive, as far as this worker knows
 */
function foldsOf(parts: WorkerFoldsParts, areAllCounting: () => boolean): readonly WorkerFold[] {
  const { names, connection, jsm, store, metrics, clock } = parts;
  const storedUpTo = async (partition: number) =>
    (await jsm.consumers.info(names.logStream(partition), names.storeConsumer)).ack_floor.stream_seq;
  const state: StateFold = stateFold(parts, (partition, epoch) => erasing.doneUpTo(partition, epoch));
  const erasing = new Erasing({
    store,
    erase: eraser(jsm, names),
    forgottenIds: forgottenIds(connection, names),
    async stateUpTo(partition, epoch) {
      const position = await state.readPosition(partition);
      return position?.epoch === epoch ? position.at : 0;
    },
    failed: () => metrics.erasuresFailed.inc(),
    clock,
    log: parts.log,
  });
  const log = foldLog(connection, jsm, names);
  const counts = new CountMarks({
    store: store.counts,
    areAllCounting,
    storedUpTo,
    lastOf: async partition => (await log.state(partition)).last,
  });
  return [state, new ViewsFold({ store, storedUpTo, firstKept: firstKept(jsm, names), erasing, counts, clock })];
}

type StateParts = Omit<WorkerFoldsParts, 'copies' | 'health'>;

/** Makes the fold `state` of a worker. */
export function stateFold(parts: StateParts, erased: StateFoldParts['erased']): StateFold {
  const { config, names, connection, jsm, digests, metrics, clock, log } = parts;
  return new StateFold({
    digests,
    policy: policyOf(parts),
    foldLog: foldLog(connection, jsm, names),
    deletions: range => readDeletions(connection, names, range),
    erased,
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

/** Part of the fold `state` that keeps POLICY. */
function policyOf({ config, names, connection, jsm, store, metrics, clock, log }: StateParts) {
  const policy = policyKv(connection, names);
  const entries = entryLog(connection, names, config.partitions);
  const timeOf = logClock(partition => readLogTime(connection, names, partition), clock);
  const { wallClock } = boundedTime(() => timeOf(0), clock);
  const writes = new RefusedWrites({ refused: () => metrics.refusedWrites.inc(), clock, log });
  const isStored = storedNotice({ store, log: entries });
  const waiting = new WaitingNotices({ isStored, partitionOf: entries.partitionOf, clock });
  const shared: PolicyFoldParts = {
    policy,
    archive: store,
    log: entries,
    isStored,
    waits: (...notice) => waiting.add(...notice),
    writes,
    logTime: inbox => timeOf(entries.partitionOf(inbox)),
    wallClock,
  };
  const fold = new PolicyFold(shared);
  const notices = new Notices(shared);
  const direct = new DirectRooms({ ...shared, notices });
  const mentions = new MentionNotices({
    policy,
    archive: store,
    pairs: store.contacts,
    log: {
      body: entries.body,
      edits: (room, target, range) =>
        readEdits(connection, names, target, { partition: entries.partitionOf(room), room, ...range }),
    },
    counting: (room, edits) => fold.counting(room, edits),
    notices,
    waits: shared.waits,
  });
  const source = { foldLog: foldLog(connection, jsm, names), names, clock };
  const position = new PolicyPosition(policy, partition => waiting.upTo(partition));
  const fill = new PolicyFill({
    policy,
    position,
    archive: store,
    pairs: store.contacts,
    settings: store.users,
    archived: partition => store.readPosition(partition),
    policyRooms: work => policyRooms(connection, jsm, names, work),
    log: { ...entries, state: partition => source.foldLog.state(partition) },
    partitions: config.partitions,
    replay: (partition, signal, work) =>
      replay(source, partition, signal, async batch => {
        await work(batch);
        if (waiting.upTo(partition) < Number.POSITIVE_INFINITY) throw new StoreUnavailable('notices wait for it');
      }),
    fold,
    writes,
    wallClock,
    clock,
    logger: log,
  });
  return {
    async apply(partition: number, batch: readonly FoldEntry[]) {
      const voided = await fold.apply(partition, batch);
      metrics.voided.inc(voided.size);
      return voided;
    },
    async tell(partition: number, batch: readonly FoldEntry[], digests: RoomDigests) {
      await direct.apply(batch, digests);
      await mentions.apply(partition, batch, digests);
    },
    counting: <T extends Written>(room: string, entries: readonly T[]) => fold.counting(room, entries),
    async look(partition: number, folded: FoldPosition, lease: Lease) {
      await waiting.demandNone(partition);
      await fill.look(partition, folded, lease);
    },
    position: (partition: number) => fill.reached(partition),
    async begin(partition: number, from: FoldPosition | null) {
      fold.begin(partition);
      waiting.begin(partition);
      await position.take(partition, from);
    },
    save: (partition: number, folded: FoldPosition) => position.save(partition, folded),
  };
}

/** All folds of a worker. */
export interface WorkerFolds {
  /** Positions of the folds, for which purges wait. */
  readonly progress: FoldProgress;
  /**
   * Runs this worker's share until `signal` aborts and the last batch is done.
   * @param ready as {@link FoldsParts.ready}
   */
  run(ready: FoldsParts['ready'], signal: AbortSignal): Promise<void>;
}

/** Makes the folds of a worker. */
export function workerFolds(parts: WorkerFoldsParts): WorkerFolds {
  const { config, names, connection, jsm, store, copies, health, metrics, clock, log } = parts;
  let lowest = 0;
  const folds = foldsOf(parts, () => lowest >= COUNTING_LEVEL);
  const reported: Omit<ProgressParts, 'folds'> = {
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
  };
  const progress = new FoldProgress({ ...reported, folds });
  const marks = marksLog(connection, jsm, names);
  const readPosition = () => store.marks.readPosition();
  const keep = (signal: AbortSignal) =>
    keepMarks(
      {
        marks,
        readPosition,
        progress: new FoldProgress({ ...reported, folds: [{ name: MARKS, readPosition }] }),
        config,
        grows: problem => health.folds.marksGrow(problem),
        purged: count => metrics.marksPurged.inc(count),
        clock,
        log,
      },
      signal,
    );
  const run: WorkerFolds['run'] = async (ready, signal) => {
    const folded = (fold: string, entries: number) => metrics.folded.inc({ fold }, entries);
    const failing: FoldsParts['failing'] = (fold, partition, problem) => health.folds.failing(fold, partition, problem);
    const marksFold = new MarksFold({
      marks,
      writer: store.marks,
      ready: ended => ready(0, true, ended),
      folded: count => folded(MARKS, count),
      failing: problem => failing(MARKS, 0, problem),
      clock,
      random: Math.random,
      log,
    });
    const parts: FoldsParts = {
      folds,
      shared: [marksFold],
      partitions: config.partitions,
      holder: `${config.processName} ${randomUUID().slice(0, 8)}`,
      open: () => leaseBucket(connection, names.leaseBucket, copies),
      foldLog: foldLog(connection, jsm, names),
      names,
      ready,
      held: (fold, count) => metrics.foldLeases.set({ fold }, count),
      level: level => {
        lowest = level;
      },
      folded,
      failing,
      clock,
      random: Math.random,
      log,
    };
    await Promise.all([runFolds(parts, signal), keep(signal)]);
  };
  return { progress, run };
}
