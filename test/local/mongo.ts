import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, freePort, listening, startChild } from './child.ts';
import { dataDir } from './data-dir.ts';
import { ensureMongoStandIn, standInCommand } from './mongo-stand-in.ts';
import { outputOf } from './run.ts';

export type MongoKind = 'external' | 'mongod' | 'stand-in';

export interface LocalMongo {
  readonly uri: string;
  readonly kind: MongoKind;
  /** False for MONGODB_URI: `start`, `stop`, `kill` and `signal` throw, because it is not ours. */
  readonly controllable: boolean;
  /** The last of what it printed since it was started: its own errors. */
  output(): string;
  /** Starts it again on the same port and data after `stop` or `kill`. */
  start(): Promise<void>;
  /** Ends it in order; the data stays. */
  stop(): Promise<void>;
  /** SIGKILL; the stand-in may lose its last second then. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT make it silent and bring it back. */
  signal(name: NodeJS.Signals): void;
  /** Ends it, if it is ours, and removes a temporary directory. */
  close(): Promise<void>;
}

export interface MongoSettings {
  /** Where data is kept; default: a temporary directory. */
  readonly dataDir?: string;
  /** Default: any free one. */
  readonly port?: number;
}

/** Which MongoDB this machine has: MONGODB_URI, else `mongod` on PATH, else the embedded stand-in. */
export async function mongoKind(): Promise<MongoKind> {
  if (process.env['MONGODB_URI']) return 'external';
  return (await outputOf('mongod', ['--version'])) === null ? 'stand-in' : 'mongod';
}

/** Starts, or for MONGODB_URI names, the MongoDB of {@link mongoKind}, and says on standard error which one it is. */
export async function startMongo(settings: MongoSettings = {}): Promise<LocalMongo> {
  const kind = await mongoKind();
  if (kind === 'external') {
    process.stderr.write('MongoDB: the one of MONGODB_URI\n');
    return external(process.env['MONGODB_URI'] ?? '');
  }
  const standIn = kind === 'stand-in' ? await ensureMongoStandIn() : '';
  const data = dataDir(settings.dataDir, 'chatcluster-mongo-');
  const launch = async (port: number): Promise<Child> => {
    const [program, ...args] = kind === 'mongod' ? mongod(data.path, port) : stand(standIn, data.path, port);
    const child = await startChild(program, args);
    await listening(child, port, 60_000);
    return child;
  };
  let port = settings.port ?? (await freePort());
  let current: Child;
  try {
    current = await launch(port);
  } catch (error) {
    if (settings.port !== undefined) throw error;
    // Another test process may have taken the port between the look and the start.
    port = await freePort();
    current = await launch(port);
  }
  process.stderr.write(
    kind === 'mongod'
      ? `MongoDB: mongod on port ${port}\n`
      : `MongoDB: THE EMBEDDED STAND-IN (mongo-java-server) on port ${port}, because there is no MONGODB_URI and no mongod\n`,
  );
  return {
    uri: `mongodb://127.0.0.1:${port}/?directConnection=true`,
    kind,
    controllable: true,
    output: () => current.output(),
    async start() {
      if (!current.running()) current = await launch(port);
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

type Command = [program: string, ...args: string[]];

function mongod(dir: string, port: number): Command {
  const dbpath = join(dir, 'mongod');
  mkdirSync(dbpath, { recursive: true });
  return ['mongod', '--dbpath', dbpath, '--port', String(port), '--bind_ip', '127.0.0.1', '--nounixsocket'];
}

function stand(dir: string, data: string, port: number): Command {
  return standInCommand(dir, join(data, 'stand-in.mv'), '127.0.0.1', port) as Command;
}

function external(uri: string): LocalMongo {
  const refuse = (): never => {
    throw new Error('the MongoDB of MONGODB_URI cannot be stopped from here');
  };
  return {
    uri,
    kind: 'external',
    controllable: false,
    output: () => '',
    start: async () => refuse(),
    stop: async () => refuse(),
    kill: async () => refuse(),
    signal: refuse,
    close: async () => undefined,
  };
}
