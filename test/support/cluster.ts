import type { NatsConnection } from '@nats-io/transport-node';
import { pino } from 'pino';
import { connectNats } from '../../server/bus/connect.ts';
import { apiRequest } from '../../server/bus/jetstream-api.ts';
import { names as namesOf, partitionOf } from '../../server/bus/names.ts';
import { Streams } from '../../server/bus/streams.ts';
import { loadConfig } from '../../server/config.ts';
import { ADMIN_PATHS, CLIENT_PATHS } from '../../server/contract.ts';
import { startGateway } from '../../server/gateway/start.ts';
import { StoreUnavailable } from '../../server/store/store.ts';
import type { Backends, Teardown } from './backends.ts';
import { SECRET } from './token.ts';

export interface RunningGateway {
  readonly name: string;
  readonly port: number;
  readonly adminPort: number;
  /** WebSocket address. */
  readonly url: string;
  readonly readyUrl: string;
  /** Ends it at once, as a crash does for its clients. */
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** Default 1. */
  readonly gateways?: number;
  /** Options of all processes, by variable; they replace what small tests need. */
  readonly env?: Readonly<Record<string, string>>;
  /** True loses a live message on its way to a gateway. */
  readonly dropLive?: (room: string, offset: number) => boolean;
}

/** Gateways and a worker of one ChatCluster. */
export interface Cluster {
  readonly gateways: readonly [RunningGateway, ...RunningGateway[]];
  /** Ends all gateways and starts as many new ones, with empty memories, on other ports. */
  restartGateways(): Promise<void>;
  /** First offset in the stream of a room's partition: everything below has been purged. */
  firstOffset(room: string): Promise<number>;
}

let instances = 0;

/** A ChatCluster with streams and a database of its own on shared backends. Everything ends with the test. */
export async function startCluster(t: Teardown, backends: Backends, options: ClusterOptions = {}): Promise<Cluster> {
  const instance = `test-${process.pid}-${instances++}`;
  const env = {
    CHAT_INSTANCE: instance,
    CHAT_NATS_URL: backends.nats.url,
    CHAT_MONGODB_URI: backends.mongo.uri,
    CHAT_AUTH_SECRET: SECRET,
    CHAT_PORT: '0',
    CHAT_ADMIN_PORT: '0',
    CHAT_PARTITIONS: '2',
    CHAT_STREAM_MAX_BYTES: String(256 * 1024 * 1024),
    CHAT_LIVE_MAX_BYTES: String(64 * 1024 * 1024),
    CHAT_LOG_LEVEL: 'error',
    ...options.env,
  };
  const names = namesOf(instance);
  const logger = pino({ level: process.env['TEST_LOG'] ?? 'error' });
  const workerConfig = loadConfig('standalone', env);
  const nats: NatsConnection = await connectNats(workerConfig, 'test');
  t.after(() => nats.close());
  const streams = new Streams(nats, {
    names,
    options: workerConfig,
    holder: 'test',
    floor: async () => 0,
    rescue: async () => undefined,
    changed: () => undefined,
  });
  for (let p = 0; p < workerConfig.partitions; p++) await streams.ensure(p);
  const away = async () => {
    throw new StoreUnavailable('none');
  };
  let number = 0;
  const gateway = async (): Promise<RunningGateway> => {
    const name = `gateway-${number++}`;
    const config = loadConfig('standalone', { ...env, CHAT_PROCESS_NAME: name });
    const running = await startGateway(config, {
      store: { read: away, count: away, findByDedupe: away },
      logger,
      host: '127.0.0.1',
      ...(options.dropLive ? { dropLive: options.dropLive } : {}),
    });
    t.after(() => running.stop());
    return {
      name,
      port: running.port,
      adminPort: running.adminPort,
      url: `ws://127.0.0.1:${running.port}${CLIENT_PATHS.websocket}`,
      readyUrl: `http://127.0.0.1:${running.adminPort}${ADMIN_PATHS.ready}`,
      stop: () => running.stop(),
    };
  };
  const start = async (): Promise<[RunningGateway, ...RunningGateway[]]> => {
    const first = await gateway();
    const others = await Promise.all(Array.from({ length: (options.gateways ?? 1) - 1 }, gateway));
    return [first, ...others];
  };
  let gateways = await start();
  return {
    get gateways() {
      return gateways;
    },
    async restartGateways() {
      await Promise.all(gateways.map(each => each.stop()));
      gateways = await start();
    },
    async firstOffset(room) {
      const stream = names.logStream(partitionOf(room, workerConfig.partitions));
      const answer = await apiRequest<{ state: { first_seq: number } }>(nats, `STREAM.INFO.${stream}`, {}, 5_000);
      if ('error' in answer) throw new Error(answer.error.description);
      return answer.ok.state.first_seq;
    },
  };
}
