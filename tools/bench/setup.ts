import { type ChildProcess, fork } from 'node:child_process';
import { join, resolve } from 'node:path';
import { CLIENT_PATHS } from '../../server/contract/ports.ts';
import { freePort } from '../local/child.ts';
import type { LocalMongo } from '../local/mongo.ts';
import type { LocalNats } from '../local/nats.ts';
import { until } from '../support/until.ts';

export interface Row {
  readonly what: string;
  readonly measured: string;
  readonly goal?: string;
}

export interface Setup {
  readonly nats: LocalNats;
  readonly mongo: LocalMongo;
  readonly secret: string;
  readonly teardown: Teardown;
}

/** Ends what was started, last first. */
export class Teardown {
  readonly #ends: (() => unknown)[] = [];
  add(end: () => unknown): void {
    this.#ends.push(end);
  }
  async run(): Promise<void> {
    for (let end = this.#ends.pop(); end; end = this.#ends.pop()) await end();
  }
}

export interface Spine {
  readonly gateway: ChildProcess;
  readonly worker: ChildProcess;
  /** WebSocket address. */
  readonly url: string;
  /** Options of both. */
  readonly env: Readonly<Record<string, string>>;
}

export interface SpineOptions {
  /** Folder of the sources. Default: this checkout. */
  readonly version?: string;
  /** Options of both, by variable. */
  readonly env?: Readonly<Record<string, string>>;
}

const ROOT = join(import.meta.dirname, '../..');
let instances = 0;

/** A worker and a gateway as processes of their own, with the default limits and durability on. */
export async function startSpine(setup: Setup, { version = ROOT, env: more = {} }: SpineOptions = {}): Promise<Spine> {
  const env = {
    CHAT_INSTANCE: `bench-${process.pid}-${instances++}`,
    CHAT_NATS_URL: setup.nats.url,
    CHAT_MONGODB_URI: setup.mongo.uri,
    CHAT_LOG_LEVEL: 'error',
    CHAT_ADMIN_PORT: '0',
    ...more,
  };
  const worker = start(join(version, 'server/worker.ts'), env, setup.teardown);
  const { process: gateway, url } = await startGateway(setup, env, version);
  return { gateway, worker, url, env };
}

/**
 * One more gateway.
 * @param env options of the other processes of its chat
 * @param version folder of its sources; default: this checkout
 */
export async function startGateway(
  setup: Setup,
  env: Readonly<Record<string, string>>,
  version = ROOT,
): Promise<{ readonly process: ChildProcess; readonly url: string }> {
  const port = await freePort();
  const gateway = start(
    join(version, 'server/gateway.ts'),
    { ...env, CHAT_PORT: String(port), CHAT_AUTH_SECRET: setup.secret, CHAT_CONNECTS_PER_SECOND: '100000' },
    setup.teardown,
  );
  const ready = async () => (await fetch(`http://127.0.0.1:${port}${CLIENT_PATHS.ready}`).catch(() => null))?.ok;
  await until('the gateway is ready', ready);
  return { process: gateway, url: `ws://127.0.0.1:${port}${CLIENT_PATHS.websocket}` };
}

/** Starts a TypeScript file, by its path in this checkout or a whole one, as a process with IPC. */
export function start(
  file: string,
  env: Readonly<Record<string, string>>,
  teardown: Teardown,
  args: readonly string[] = [],
): ChildProcess {
  const child = fork(resolve(ROOT, file), [...args], { env: { PATH: process.env['PATH'] ?? '', ...env } });
  teardown.add(() => child.kill('SIGKILL'));
  return child;
}

/** The next message of a process. */
export function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`${child.spawnargs.at(-1)} ended with ${code}`));
    child.once('exit', ended);
    child.once('message', message => {
      child.off('exit', ended);
      resolve(message as T);
    });
  });
}

export function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the process did not start');
  return child.pid;
}
