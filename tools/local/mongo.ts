import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { listening, startChild } from './child.ts';
import { type LocalServer, type LocalServerSettings, startLocalServer } from './local-server.ts';
import { ensureMongoStandIn, standInCommand } from './mongo-stand-in.ts';
import { outputOf } from './run.ts';

export type MongoKind = 'external' | 'mongod' | 'stand-in';

export interface LocalMongo extends LocalServer {
  readonly uri: string;
  readonly kind: MongoKind;
  /** False for MONGODB_URI: `start`, `stop`, `kill` and `signal` throw, because it is not ours. */
  readonly controllable: boolean;
  /** The last of what it printed since it was started: its own errors. */
  output(): string;
}

/** Kind of MongoDB this machine has: MONGODB_URI, else `mongod` on PATH, else the embedded stand-in. */
export async function mongoKind(): Promise<MongoKind> {
  if (process.env['MONGODB_URI']) return 'external';
  return (await outputOf('mongod', ['--version'])) === null ? 'stand-in' : 'mongod';
}

/** Starts, or for MONGODB_URI names, the MongoDB of {@link mongoKind}, and says on standard error which one it is. */
export async function startMongo(settings: LocalServerSettings = {}): Promise<LocalMongo> {
  const kind = await mongoKind();
  if (kind === 'external') {
    process.stderr.write('MongoDB: the one of MONGODB_URI\n');
    return external(process.env['MONGODB_URI'] ?? '');
  }
  const standIn = kind === 'stand-in' ? await ensureMongoStandIn() : '';
  const server = await startLocalServer(settings, 'chatcluster-mongo-', async (dir, port) => {
    const [program, ...args] = kind === 'mongod' ? mongod(dir, port) : stand(standIn, dir, port);
    const child = await startChild(program, args);
    await listening(child, port, 60_000);
    return child;
  });
  const { port } = server;
  process.stderr.write(
    kind === 'mongod'
      ? `MongoDB: mongod on port ${port}\n`
      : `MongoDB: THE EMBEDDED STAND-IN (mongo-java-server) on port ${port}, because there is no MONGODB_URI and no mongod\n`,
  );
  const uri = `mongodb://127.0.0.1:${port}/?directConnection=true`;
  return Object.assign(server, { uri, kind, controllable: true });
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
