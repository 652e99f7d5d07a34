import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ADMIN_PATHS } from '../../server/contract/ports.ts';
import { type Child, freePort, startChild } from '../../tools/local/child.ts';
import type { BackendAddresses } from '../../tools/support/backends.ts';
import { metric } from '../../tools/support/metrics.ts';
import { SECRET } from '../../tools/support/token.ts';
import { until } from '../../tools/support/until.ts';

/** A gateway or worker of one version. */
export interface Process {
  readonly name: string;
  readonly port: number;
  readonly adminPort: number;
  readonly child: Child;
}

const MIB = 1024 * 1024;
let instances = 0;

/** Processes of several versions that serve one chat. */
export class MixedChat {
  readonly instance = `skew-${process.pid}-${instances++}`;
  readonly #t: TestContext;
  /** Options of all processes. */
  readonly env: Readonly<Record<string, string>>;
  readonly #processes: Process[] = [];

  /** @param env options of all processes */
  constructor(t: TestContext, backends: BackendAddresses, env: Readonly<Record<string, string>> = {}) {
    this.#t = t;
    this.env = {
      CHAT_AUTH_SECRET: SECRET,
      CHAT_INSTANCE: this.instance,
      CHAT_NATS_URL: backends.nats.url,
      CHAT_MONGODB_URI: backends.mongo.uri,
      CHAT_PARTITIONS: '2',
      CHAT_STREAM_MAX_BYTES: String(256 * MIB),
      CHAT_LIVE_MAX_BYTES: String(64 * MIB),
      CHAT_ACK_WAIT_SECONDS: '2',
      CHAT_LOG_LEVEL: 'warn',
      ...env,
    };
  }

  /** @param env options of this gateway alone */
  gateway(version: string, name: string, env: Readonly<Record<string, string>> = {}): Promise<Process> {
    return this.#start(version, 'gateway', name, env);
  }
  /** @param generation of the spec it is made for, as the operator says it */
  worker(version: string, name: string, generation: number): Promise<Process> {
    return this.#start(version, 'worker', name, { CHAT_SPEC_VERSION: `1767225600000.${generation}` });
  }

  async #start(version: string, kind: 'gateway' | 'worker', name: string, env: object): Promise<Process> {
    const [port, adminPort] = [await freePort(), await freePort()];
    const ports = { CHAT_ADMIN_PORT: String(adminPort), ...(kind === 'gateway' ? { CHAT_PORT: String(port) } : {}) };
    const child = await startChild(process.execPath, [join(version, `server/${kind}.ts`)], {
      env: { PATH: process.env['PATH'], ...this.env, ...env, ...ports, CHAT_PROCESS_NAME: name },
    });
    this.#t.after(() => child.kill());
    const started = { name, port, adminPort, child };
    this.#processes.push(started);
    await until(`${name} is ready`, async () => {
      this.assertRunning();
      return (await fetch(`http://127.0.0.1:${adminPort}${ADMIN_PATHS.ready}`).catch(() => null))?.ok;
    });
    return started;
  }

  /** Ends a process, as the rollout of another version does. */
  async stop(ended: Process, how: 'stop' | 'kill' = 'stop'): Promise<void> {
    this.#processes.splice(this.#processes.indexOf(ended), 1);
    await ended.child[how]();
  }

  /** @throws when a process has ended by itself, as one in a crash loop does */
  assertRunning(): void {
    for (const { name, child } of this.#processes)
      if (!child.running()) throw new Error(`${name} ended:\n${child.output()}`);
  }

  /** Changes that all workers together have made to streams. */
  async streamChanges(): Promise<number> {
    const workers = this.#processes.filter(({ name }) => name.includes('worker'));
    const counts = await Promise.all(
      workers.map(({ adminPort }) => metric(adminPort, 'chatcluster_stream_changes_total')),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }
}
