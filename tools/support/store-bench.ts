import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { type Collection, type Document, MongoClient } from 'mongodb';
import { type Logger, pino } from 'pino';
import { connectNats } from '../../server/bus/connect.ts';
import { writeEnvelope } from '../../server/bus/envelope.ts';
import { type Names, names as namesOf } from '../../server/bus/names.ts';
import type { BackendHealth } from '../../server/contract/backends.ts';
import { WORKER_PATHS } from '../../server/contract/ports.ts';
import type { Envelope } from '../../server/room/message.ts';
import { type Config, loadConfig } from '../../server/settings/config.ts';
import type { Clock } from '../../server/time/clock.ts';
import { startWorker, type Worker } from '../../server/worker/start.ts';
import type { BackendAddresses, Teardown } from './backends.ts';
import { sumOf } from './metrics.ts';
import { until } from './until.ts';

let instances = 0;

export interface StoreBench {
  readonly instance: string;
  readonly env: Readonly<Record<string, string>>;
  readonly config: Config;
  readonly names: Names;
  readonly nats: NatsConnection;
  readonly jsm: JetStreamManager;
  /** Starts another worker in this process; it ends with the test. */
  worker(name?: string, options?: Partial<Config>, logger?: Logger, clock?: Clock): Promise<Worker>;
  /** Resolves when JetStream answers again after a restart of NATS. */
  natsAnswers(): Promise<void>;
  /** Publishes to partition 0 as a gateway does. @returns the offset */
  publish(
    room: string,
    text: string,
    keys?: Partial<Pick<Envelope, 'id' | 'dedupe' | 'type' | 'targets'>>,
  ): Promise<number>;
  /** Texts of a room in MongoDB, in the order of their offsets. */
  stored(room: string): Promise<string[]>;
  collection(name: string): Collection;
  /** Everything in a collection. */
  documents(collection: string): Promise<Document[]>;
  health(worker: Worker): Promise<BackendHealth>;
  /** Sum of the samples with these labels. @throws {Error} when the worker has no such metric */
  metric(worker: Worker, name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
}

/** A ChatCluster's streams and database without gateways: what the worker sees. One partition, small bounds. */
export async function storeBench(
  t: Teardown,
  backends: BackendAddresses,
  env: Readonly<Record<string, string>> = {},
): Promise<StoreBench> {
  const instance = `store-${process.pid}-${instances++}`;
  const all = {
    CHAT_INSTANCE: instance,
    CHAT_NATS_URL: backends.nats.url,
    CHAT_MONGODB_URI: backends.mongo.uri,
    CHAT_ADMIN_PORT: '0',
    CHAT_PARTITIONS: '1',
    CHAT_STREAM_MAX_BYTES: String(64 * 1024 * 1024),
    CHAT_LIVE_MAX_BYTES: String(16 * 1024 * 1024),
    ...env,
  };
  const config = loadConfig('worker', all);
  const names = namesOf(instance);
  const nats = await connectNats({ natsUrl: backends.nats.url, natsUser: '', natsPassword: '' }, 'test');
  t.after(() => nats.close());
  const client = new MongoClient(backends.mongo.uri, { serverSelectionTimeoutMS: 2_000 });
  t.after(() => client.close());
  const jsm = await jetstreamManager(nats, { checkAPI: false });
  const database = client.db(names.database);
  return {
    instance,
    env: all,
    config,
    names,
    nats,
    jsm,
    async worker(
      name = 'worker-0',
      options = {},
      logger = pino({ level: process.env['TEST_LOG'] ?? 'silent' }),
      clock?: Clock,
    ) {
      const worker = await startWorker(
        { ...config, ...options, processName: name },
        { logger, ...(clock ? { clock } : {}) },
      );
      t.after(() => worker.stop());
      return worker;
    },
    async natsAnswers() {
      const info = () => jsm.streams.info(names.logStream(0));
      await until('the stream answers', () => info().then(Boolean, () => false));
    },
    async publish(room, text, keys = {}) {
      const headers = writeEnvelope({
        type: keys.type ?? 'message',
        id: keys.id ?? '',
        dedupe: keys.dedupe ?? '',
        time: Date.now(),
        user: 'alice',
        client: 'c',
        traceparent: '',
        cv: 0,
        seen: 0,
        targets: keys.targets ?? [],
      });
      const body = JSON.stringify({ text });
      const ack = await jetstream(nats).publish(names.log(0, room), body, { headers, timeout: 10_000 });
      return ack.seq;
    },
    async stored(room) {
      const found = await database.collection('messages').find({ room }).sort({ offset: 1 }).toArray();
      return found.map(each => (JSON.parse(each['body']) as { text: string }).text);
    },
    collection: name => database.collection(name),
    documents: name => database.collection(name).find().toArray(),
    async health(worker) {
      const answer = await fetch(`${worker.adminUrl}${WORKER_PATHS.backends}`);
      return (await answer.json()) as BackendHealth;
    },
    async metric(worker, name, labels) {
      return sumOf(await (await fetch(`${worker.adminUrl}/metrics`)).text(), name, labels);
    },
  };
}

/** Resolves when a worker has all streams as they should be. */
export async function streamsReady(worker: Worker): Promise<void> {
  const answer = () => fetch(`${worker.adminUrl}/readyz`).catch(() => null); // a process may not listen yet
  await until('the worker is ready', async () => (await answer())?.status === 200);
}

/** `from` to `to` as texts. */
export const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `m${from + index}`);
