import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { names } from '../../../server/bus/names.ts';
import { ADMIN_PATHS, CLIENT_PATHS } from '../../../server/contract/ports.ts';
import { startGateway } from '../../../server/gateway/start.ts';
import { loadConfig } from '../../../server/settings/config.ts';
import { mongoStore } from '../../../server/store/mongo.ts';
import { systemClock, type WallTime } from '../../../server/time/clock.ts';
import { startWorker } from '../../../server/worker/start.ts';
import { type Child, freePort, startChild } from '../../../tools/local/child.ts';
import type { BackendAddresses, Teardown } from '../../../tools/support/backends.ts';
import { SECRET } from '../../../tools/support/token.ts';
import { until } from '../../../tools/support/until.ts';
import { type Inspect, inspect } from './inspect.ts';

export interface RunningGateway {
  readonly name: string;
  readonly port: number;
  readonly adminPort: number;
  /** WebSocket address. */
  readonly url: string;
  readonly readyUrl: string;
}

export interface ClusterOptions {
  /** Options of all processes, by variable; they replace what small tests need. */
  readonly env?: Readonly<Record<string, string>>;
  /** True loses a live message on its way to a gateway. */
  readonly dropLive?: (room: string, offset: number) => boolean;
  /** Milliseconds by which the clocks of the first gateways are ahead. Default: none. */
  readonly aheadMs?: readonly number[];
}

export interface SpawnedGateway extends RunningGateway {
  readonly process: Child;
}

/** Two gateways and a worker of one ChatCluster, in this process. */
export interface Cluster extends Inspect {
  readonly gateways: readonly [RunningGateway, RunningGateway];
  /** Ends the worker: nothing is stored or folded until {@link startWorker}. */
  stopWorker(): Promise<void>;
  startWorker(): Promise<void>;
  /** Ends both gateways and starts two new ones, with empty memories, on other ports. */
  restartGateways(): Promise<void>;
  /** Starts one more gateway as a process of its own; resolves when it is Ready. @param through a command that runs it */
  spawnGateway(env?: Readonly<Record<string, string>>, through?: readonly string[]): Promise<SpawnedGateway>;
  /** The same, for one that may never be Ready: resolves when its admin port answers. */
  spawnUnready(env: Readonly<Record<string, string>>): Promise<SpawnedGateway>;
}

/** Option with which a text may be as long as a message: for tests that fill streams and buffers. */
export const LONG_TEXTS = { CHAT_ROOM_RULES: '{"channel":{"limits":{"textCharacters":1000000}}}' } as const;

const MIB = 1024 * 1024;
const GATEWAY = fileURLToPath(new URL('../../../server/gateway.ts', import.meta.url));
let instances = 0;

const addresses = (port: number, adminPort: number) => ({
  port,
  adminPort,
  url: `ws://127.0.0.1:${port}${CLIENT_PATHS.websocket}`,
  readyUrl: `http://127.0.0.1:${adminPort}${ADMIN_PATHS.ready}`,
});

/** A ChatCluster with streams and a database of its own on shared backends. Everything ends with the test. */
export async function startCluster(
  t: Teardown,
  backends: BackendAddresses,
  options: ClusterOptions = {},
): Promise<Cluster> {
  const env: Readonly<Record<string, string>> = {
    CHAT_INSTANCE: `test-${process.pid}-${instances++}`,
    CHAT_NATS_URL: backends.nats.url,
    CHAT_MONGODB_URI: backends.mongo.uri,
    CHAT_AUTH_SECRET: SECRET,
    CHAT_PORT: '0',
    CHAT_ADMIN_PORT: '0',
    CHAT_PARTITIONS: '2',
    CHAT_STREAM_MAX_BYTES: String(256 * MIB),
    CHAT_LIVE_MAX_BYTES: String(64 * MIB),
    CHAT_LOG_LEVEL: 'error',
    ...options.env,
  };
  const configOf = (name: string) => loadConfig('standalone', { ...env, CHAT_PROCESS_NAME: name });
  const logger = pino({ level: process.env['TEST_LOG'] ?? 'silent' });
  const config = configOf('worker');
  const work = async () => {
    const started = await startWorker(config, { logger });
    let ending: Promise<void> | null = null;
    const stop = () => {
      ending ??= started.stop();
      return ending;
    };
    t.after(stop);
    await until('the worker is ready', async () => (await fetch(`${started.adminUrl}${ADMIN_PATHS.ready}`)).ok);
    return stop;
  };
  let endWorker = await work();

  let started = 0;
  const clockOf = (index: number) => {
    const aheadMs = options.aheadMs?.[index];
    return aheadMs === undefined ? {} : { wallClock: () => (systemClock.wallClock() + aheadMs) as WallTime };
  };
  const start = async () => {
    const clock = clockOf(started);
    const name = `gateway-${started++}`;
    const store = mongoStore(backends.mongo.uri, names(config.instance).database);
    store.watch(() => undefined);
    const gateway = await startGateway(configOf(name), {
      store,
      logger,
      host: '127.0.0.1',
      ...clock,
      ...hook(options),
    });
    const stop = async () => {
      await gateway.stop();
      await store.close();
    };
    t.after(stop);
    return { name, ...addresses(gateway.port, gateway.adminPort), stop };
  };
  const startBoth = async () => [await start(), await start()] as const;
  let gateways = await startBoth();

  const spawn = async (
    more: Readonly<Record<string, string>>,
    up: (answer: Response) => boolean,
    through: readonly string[] = [],
  ) => {
    const name = `gateway-${started++}`;
    const at = addresses(await freePort(), await freePort());
    const all = {
      ...env,
      CHAT_PROCESS_NAME: name,
      CHAT_PORT: String(at.port),
      CHAT_ADMIN_PORT: String(at.adminPort),
      ...more,
    };
    const variables = Object.entries(all).map(([variable, value]) => `${variable}=${value}`);
    const child = await startChild('/usr/bin/env', [...variables, ...through, process.execPath, GATEWAY]);
    t.after(() => child.kill());
    await until(`${name} is up`, async () => {
      if (!child.running()) throw new Error(`${name} ended:\n${child.output()}`);
      const answer = await fetch(at.readyUrl).catch(() => null);
      return answer !== null && up(answer);
    });
    return { name, ...at, process: child };
  };
  return {
    ...(await inspect(t, config)),
    get gateways() {
      return gateways;
    },
    stopWorker: () => endWorker(),
    async startWorker() {
      endWorker = await work();
    },
    async restartGateways() {
      await Promise.all(gateways.map(gateway => gateway.stop()));
      gateways = await startBoth();
    },
    spawnGateway: (more = {}, through = []) => spawn(more, answer => answer.ok, through),
    spawnUnready: more => spawn(more, () => true),
  };
}

const hook = ({ dropLive }: ClusterOptions) => (dropLive ? { dropLive } : {});
