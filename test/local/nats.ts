import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, freePort, listening, startChild } from './child.ts';
import { dataDir } from './data-dir.ts';
import { natsBinary } from './nats-binary.ts';

export interface LocalNats {
  readonly url: string;
  readonly port: number;
  /** Holds the configuration and, in `jetstream`, the streams. */
  readonly dataDir: string;
  readonly pid: number;
  /** Starts it again on the same port and data after `stop` or `kill`. */
  start(): Promise<void>;
  /** Ends it in order; the data stays. */
  stop(): Promise<void>;
  /** SIGKILL; the data stays. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT make it silent and bring it back. */
  signal(name: NodeJS.Signals): void;
  /** Ends it and removes a temporary directory. */
  close(): Promise<void>;
}

export interface NatsSettings {
  /** Where data is kept; default: a temporary directory. */
  readonly dataDir?: string;
  /** Default: any free one. */
  readonly port?: number;
  /** Credentials that clients must give; default: none. */
  readonly user?: string;
  readonly password?: string;
}

/** Starts a real nats-server with JetStream on 127.0.0.1. Building it the first time takes up to a minute. */
export async function startNats(settings: NatsSettings = {}): Promise<LocalNats> {
  const binary = await natsBinary();
  const data = dataDir(settings.dataDir, 'chatcluster-nats-');
  const { port, child } = await startOnPort(settings.port, data.path, binary, settings);
  let current = child;
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    dataDir: data.path,
    get pid() {
      return current.pid;
    },
    async start() {
      if (!current.running()) current = await launch(binary, data.path, port, settings);
    },
    stop: () => current.stop(),
    kill: () => current.kill(),
    signal: name => current.signal(name),
    async close() {
      await current.stop();
      data.remove();
    },
  };
}

async function startOnPort(
  wanted: number | undefined,
  dir: string,
  binary: string,
  settings: NatsSettings,
): Promise<{ port: number; child: Child }> {
  if (wanted !== undefined) return { port: wanted, child: await launch(binary, dir, wanted, settings) };
  // Another test process may take the port between the look and the start.
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return { port, child: await launch(binary, dir, port, settings) };
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

async function launch(binary: string, dir: string, port: number, settings: NatsSettings): Promise<Child> {
  const file = join(dir, 'nats.conf');
  writeFileSync(file, configuration(dir, port, settings));
  const child = await startChild(binary, ['-c', file]);
  await listening(child, port);
  return child;
}

function configuration(dir: string, port: number, settings: NatsSettings): string {
  const lines = [
    `listen: "127.0.0.1:${port}"`,
    'server_name: local',
    'max_payload: 1MB',
    // Streams reserve their largest size; the default allowance, 75% of the free disk, would refuse them on a small one.
    `jetstream { store_dir: ${JSON.stringify(dir)}, max_file_store: 64GB, max_memory_store: 256MB }`,
  ];
  if (settings.user !== undefined)
    lines.push(
      `authorization { user: ${JSON.stringify(settings.user)}, password: ${JSON.stringify(settings.password)} }`,
    );
  return `${lines.join('\n')}\n`;
}
