import type { Logger } from 'pino';
import type { NatsConnection } from '../bus/connect.ts';
import { digests as lastDigests } from '../bus/digests.ts';
import { entryLog } from '../bus/entry-log.ts';
import { managerOf } from '../bus/jetstream-api.ts';
import { names as namesOf } from '../bus/names.ts';
import { linkNats } from '../bus/nats-link.ts';
import { policyKv } from '../bus/policy-kv.ts';
import type { StreamStep } from '../bus/stream-plan.ts';
import { Streams } from '../bus/streams.ts';
import { ADMIN_PATHS, WORKER_PATHS } from '../contract/ports.ts';
import { adminServer, json, metricsRoute, text } from '../process/admin.ts';
import { createLogger } from '../process/logger.ts';
import { StoreUnavailable } from '../room/history-store.ts';
import type { Config } from '../settings/config.ts';
import { follow } from '../settings/reload.ts';
import type { SettingsSource } from '../settings/source.ts';
import { followUri } from '../store/follow-uri.ts';
import { type MongoStore, mongoStore } from '../store/mongo.ts';
import { type Clock, sleep, systemClock } from '../time/clock.ts';
import { Health } from './health.ts';
import { incidentOf } from './incident.ts';
import { keepIndexes } from './keep-indexes.ts';
import { knownEnds } from './known-ends.ts';
import { WorkerMetrics } from './metrics.ts';
import { Partition } from './partition.ts';
import { rescuer } from './rescue.ts';
import { snapshotAfter } from './snapshot-after.ts';
import { workerFolds } from './worker-folds.ts';

/** Replaceable parts of a worker. Each has a default, but {@link settings}: without it no option is reloaded. */
export interface WorkerParts {
  /** Default: MongoDB of the configuration. Closed when the worker stops, also if it was passed. */
  readonly store?: MongoStore;
  readonly clock?: Clock;
  /** Default: JSON lines on standard output. */
  readonly logger?: Logger;
  /** Source of the configuration, for a worker that reloads options. */
  readonly settings?: SettingsSource;
  /** Default: that of the configuration. */
  readonly adminPort?: number;
}

/** A running worker. */
export interface Worker {
  /** URL of health, `/backends` and metrics, such as `http://127.0.0.1:9090`. */
  readonly adminUrl: string;
  readonly adminPort: number;
  /**
   * Finishes batches that are being written, releases other messages to other workers, and
   * stops. Resolves within some 10 s; never rejects.
   */
  stop(): Promise<void>;
}

const PING_MS = 3_000;
/**
 * Longest that a first request to `/backends` waits for NATS and MongoDB to be tried: "not
 * checked yet" would look like an outage.
 */
const FIRST_ANSWER_MS = 1_500;
const STOP_MS = 8_000;
const FLUSH_MS = 1_000;

/**
 * Starts a worker. Resolves once it serves its health, and connects to NATS and MongoDB in the background: an outage of them is
 * visible in `/backends`.
 * @throws {Error} if the admin port is in use
 */
export async function startWorker(config: Config, parts: WorkerParts = {}): Promise<Worker> {
  const log = parts.logger ?? createLogger(config.logLevel, config.processName);
  const clock = parts.clock ?? systemClock;
  const names = namesOf(config.instance);
  const store = parts.store ?? mongoStore(config.mongodbUri, names.database);
  const uriChanged = followUri(store, config, log);
  const unfollow = parts.settings
    ? follow(parts.settings, log, (_, options) => {
        if (options.includes('logLevel')) log.level = config.logLevel;
        uriChanged(options);
      })
    : () => undefined;
  const health = new Health(config.partitions, names.logStream, clock);
  const metrics = new WorkerMetrics();
  const stopping = new AbortController();
  const { signal } = stopping;

  let ready = false; // stays true: an outage must not make a worker NotReady
  const admin = await adminServer(
    parts.adminPort ?? config.adminPort,
    {
      [ADMIN_PATHS.live]: () => text(200, 'live'),
      [ADMIN_PATHS.ready]: () => {
        ready ||= health.ready;
        if (signal.aborted) return text(503, 'stopping');
        if (ready) return text(200, 'ready');
        return text(
          503,
          health.complete ? 'starting: waits for MongoDB, and goes on without it where it can' : 'starting',
        );
      },
      [WORKER_PATHS.backends]: async () => {
        const answered = new AbortController();
        await Promise.race([health.checked, sleep(clock, FIRST_ANSWER_MS, answered.signal)]);
        answered.abort();
        return json({ ...health.report(), ...parts.settings?.refused });
      },
      [ADMIN_PATHS.metrics]: async () => {
        const report = health.report();
        metrics.natsUp.set(report.nats.reachable ? 1 : 0);
        metrics.storeUp.set(report.store.reachable ? 1 : 0);
        metrics.optionsRejected.set(parts.settings?.problems.length ?? 0);
        return await metricsRoute(metrics.registry)();
      },
    },
    error => log.error({ err: error }, 'a request to the admin port could not be answered'),
  );
  log.info({ adminPort: admin.port, instance: config.instance }, 'worker started');

  const partitions: Partition[] = [];
  let connection: NatsConnection | null = null;

  const changed = (partition: number, step: StreamStep): void => {
    metrics.streamChanges.inc({ change: step.do });
    const stream = names.logStream(partition);
    const incident = incidentOf(stream, step);
    if (incident === null) return log.info({ partition, stream, step }, 'streams changed');
    log.error({ partition, stream, step }, incident);
    health.incident(incident);
  };

  const storeMessages = async (): Promise<void> => {
    connection = await linkNats(
      {
        options: config,
        role: `${config.processName} worker`,
        clock,
        random: Math.random,
        state: (up, reason) => {
          health.natsIs(up, reason);
          log[up ? 'info' : 'warn'](
            { reason },
            up ? 'NATS is connected' : 'NATS is not connected; tried again until it is',
          );
        },
        resumed: () => {
          for (const partition of partitions) partition.recheck();
        },
      },
      signal,
    );
    if (!connection) return;
    const nats = connection;
    const jsm = await managerOf(nats);
    const digests = lastDigests(nats, names);
    const streams = new Streams(nats, {
      names,
      options: config,
      holder: config.processName,
      floor: partition => store.floor(partition),
      known: knownEnds(digests, policyKv(nats, names)),
      settle: (partition, upTo) => store.settle(partition, upTo),
      rescue: rescuer(store, names, metrics),
      changed,
      fewCopies: reason =>
        log.info({ reason }, 'the streams have fewer copies than three; more are tried every minute'),
      now: () => clock.now(),
    });
    const { copies } = streams;
    const shared = { config, names, connection: nats, jsm, digests, health, metrics, clock, log };
    const entries = entryLog(nats, names, config.partitions);
    const { wallClock } = clock;
    const policy = policyKv(nats, names);
    const setAside = snapshotAfter({ policy, archive: store, log: entries, wallClock });
    const folds = workerFolds({ ...shared, store, copies });
    for (let partition = 0; partition < config.partitions; partition++) {
      partitions.push(new Partition({ ...shared, partition, streams, writer: store, setAside, folds: folds.progress }));
    }
    const ready = async (partition: number, needsStore: boolean, ended: AbortSignal) =>
      await partitions[partition]?.ready(needsStore, ended);
    await Promise.all([...partitions.map(partition => partition.run(signal)), folds.run(ready, signal)]);
  };

  const watchStore = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await store.ping();
        health.storeIs(true, 'answers');
      } catch (error) {
        health.storeIs(false, error instanceof StoreUnavailable ? error.reason : String(error));
      }
      await sleep(clock, PING_MS, signal);
    }
  };

  const indexes = keepIndexes({ store, missing: count => metrics.indexesMissing.set(count), clock, log }, signal);
  const work = Promise.all([storeMessages(), watchStore(), indexes]);
  work.catch(error => {
    log.fatal({ reason: (error as Error).message }, 'the worker cannot continue and ends');
    throw error; // ends the process: a worker that stores nothing must not look healthy
  });

  return {
    adminUrl: `http://127.0.0.1:${admin.port}`,
    adminPort: admin.port,
    async stop() {
      stopping.abort();
      unfollow();
      const ended = new AbortController();
      await Promise.race([work.catch(() => undefined), sleep(clock, STOP_MS, ended.signal)]);
      ended.abort();
      if (connection) await flushAndClose(connection, clock);
      await store.close();
      await admin.stop();
      log.info('worker stopped');
    },
  };
}

/** Sends pending acknowledgements, if NATS is connected, and closes the connection. */
async function flushAndClose(connection: NatsConnection, clock: Clock): Promise<void> {
  const flushed = new AbortController();
  const flush = connection.flush().catch(() => undefined);
  await Promise.race([flush, sleep(clock, FLUSH_MS, flushed.signal)]);
  flushed.abort();
  await connection.close();
}
