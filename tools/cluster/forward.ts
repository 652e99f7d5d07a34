import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../support/until.ts';
import { type Layout, NETWORK } from './layout.ts';
import { holderOf } from './namespaces.ts';
import { isAlive, type ProcessId, processId } from './process-id.ts';

const BRIDGE = join(dirname(fileURLToPath(import.meta.url)), 'bridge.ts');

/** A port of 127.0.0.1 that leads into the cluster. */
export interface Forward {
  readonly port: number;
  close(): Promise<void>;
}

/** A port as the node sees it: of a Service by its name in the cluster's DNS, of a pod by its address. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface ForwardSettings {
  /** Port on the host; if it is not free, the next one that is. Default: any free one. */
  readonly prefer?: number;
  /** Name under which the forward outlives this process, until the cluster stops; by default it ends with us. */
  readonly outlive?: string;
}

/**
 * Opens a TCP port on the host's 127.0.0.1 that leads to `target` in the cluster's network namespace. A socket belongs
 * to the namespace it was made in, whichever process accepts from it: so a process inside receives one of the host's.
 */
export async function forwardTo(layout: Layout, target: Target, settings: ForwardSettings = {}): Promise<Forward> {
  const holder = holderOf(layout);
  if (holder === null) throw new Error(`no cluster runs in ${layout.dir}: npm run cluster:up`);
  if (settings.outlive !== undefined) await endForwards(layout, settings.outlive);
  const server = await listen(settings.prefer ?? 0);
  const { port } = server.address() as AddressInfo;
  const child = startBridge(layout, holder, target, settings.outlive !== undefined);
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('error', reject);
      child.once('exit', code => reject(new Error(`the bridge to ${target.host}:${target.port} ended with ${code}`)));
      child.send('listen', server);
    });
  } finally {
    server.close();
  }
  if (settings.outlive !== undefined) {
    record(layout, settings.outlive, { port, target, process: processId(child.pid ?? 0) });
    child.disconnect();
    child.unref();
  }
  return {
    port,
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
      if (settings.outlive !== undefined) rmSync(recordFile(layout, settings.outlive), { force: true });
    },
  };
}

/** The API server on the host, for as long as the cluster runs. Resolves with the port. */
export async function forwardApi(layout: Layout): Promise<number> {
  const running = recorded(layout).find(each => each.name === 'api' && isAlive(each.process));
  if (running) return running.port;
  const target = { host: '127.0.0.1', port: NETWORK.apiPort };
  return (await forwardTo(layout, target, { prefer: NETWORK.apiPort, outlive: 'api' })).port;
}

/** Ends the forwards that outlive their makers. @param only the one of that name, default all */
export async function endForwards(layout: Layout, only?: string): Promise<void> {
  for (const { name, process: id } of recorded(layout)) {
    if (only !== undefined && only !== name) continue;
    if (isAlive(id)) process.kill(id.pid, 'SIGKILL');
    await until(`the forward ${name} has ended`, () => !isAlive(id));
    rmSync(recordFile(layout, name), { force: true });
  }
}

interface Recorded {
  readonly port: number;
  readonly target: Target;
  readonly process: ProcessId;
}

const recordFile = (layout: Layout, name: string): string => join(layout.forwards, `${name}.json`);

function record(layout: Layout, name: string, what: Recorded): void {
  mkdirSync(layout.forwards, { recursive: true });
  writeFileSync(recordFile(layout, name), JSON.stringify(what));
}

function recorded(layout: Layout): (Recorded & { readonly name: string })[] {
  let files: string[];
  try {
    files = readdirSync(layout.forwards);
  } catch {
    return [];
  }
  return files.map(file => ({
    ...(JSON.parse(readFileSync(join(layout.forwards, file), 'utf8')) as Recorded),
    name: file.replace(/\.json$/, ''),
  }));
}

function startBridge(layout: Layout, holder: number, target: Target, outlive: boolean): ChildProcess {
  const log = openSync(join(layout.log, 'bridge.log'), 'a');
  const args = [BRIDGE, target.host, String(target.port), ...(outlive ? ['outlive'] : [])];
  const child = spawn('nsenter', ['--target', String(holder), '--net', process.execPath, ...args], {
    stdio: ['ignore', log, log, 'ipc'],
    detached: outlive,
  });
  closeSync(log);
  return child;
}

/** Listens on `port`, or on the next one that is free; 0 takes any. */
async function listen(port: number): Promise<Server> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server;
  } catch (error) {
    if (port === 0 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return listen(port + 1);
  }
}
