import { pino } from 'pino';
import type { NatsConnection } from '../../../server/bus/connect.ts';
import { readDeletions } from '../../../server/bus/deletions.ts';
import { digests as lastDigests } from '../../../server/bus/digests.ts';
import { foldLog } from '../../../server/bus/fold-log.ts';
import { forgetDigests } from '../../../server/bus/forget-digests.ts';
import type { JetStreamManager } from '../../../server/bus/jetstream-api.ts';
import type { Names } from '../../../server/bus/names.ts';
import { systemClock } from '../../../server/time/clock.ts';
import { Runner } from '../../../server/worker/fold/runner.ts';
import { StateFold } from '../../../server/worker/state/state-fold.ts';
import { until } from '../../../tools/support/until.ts';
import { NO_POLICY } from './no-policy.ts';

/** Streams of one partition. */
export interface StateParts {
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly names: Names;
  readonly partition: number;
  /** Most rooms in LAST. Default: no limit. */
  readonly lastRooms?: number;
}

let leases = 0;

/** Starts to fold a partition into LAST, as a worker does, but without a wait. The returned function ends it. */
export function startState(parts: StateParts, failed: (reason: string) => void = () => undefined): () => void {
  const { connection, jsm, names, partition, lastRooms = Number.POSITIVE_INFINITY } = parts;
  const ended = new AbortController();
  const log = pino({ level: 'silent' });
  const digests = lastDigests(connection, names);
  const state = new StateFold({
    policy: NO_POLICY,
    digests,
    foldLog: foldLog(connection, jsm, names),
    deletions: range => readDeletions(connection, names, range),
    erased: () => 0,
    forget: async (_, cover) => (await forgetDigests({ ...parts, digests }, cover, lastRooms))?.cover ?? null,
    keptMs: 240_000,
    written: () => undefined,
    clock: systemClock,
    log,
  });
  const runner = new Runner({
    fold: Object.assign(state, { limits: { ...state.limits, delayMs: 0 } }),
    foldLog: foldLog(connection, jsm, names),
    names,
    ready: async () => undefined,
    folded: () => undefined,
    failing: (_, problem) => problem && failed(problem),
    clock: systemClock,
    random: Math.random,
    log,
  });
  void runner.run({ fold: 'state', partition, epoch: systemClock.wallClock() + leases++, signal: ended.signal });
  return () => ended.abort();
}

/** Folds everything that LOG has now into LAST. */
export async function foldState(parts: StateParts): Promise<void> {
  const { connection, jsm, names, partition } = parts;
  const { last_seq: last } = (await jsm.streams.info(names.logStream(partition))).state;
  let problem = '';
  const end = startState(parts, reason => {
    problem = reason;
  });
  const { cover } = lastDigests(connection, names);
  const folded = async () => {
    const { lease, below = 0 } = (await cover(partition))?.value ?? {};
    return lease !== undefined && below > last;
  };
  await until('LOG is folded', folded, { state: () => problem });
  end();
}
