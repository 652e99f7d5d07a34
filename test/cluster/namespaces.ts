import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readlinkSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../support/until.ts';
import { INSIDE, type Layout } from './layout.ts';
import { isAlive, type ProcessId, processId } from './process-id.ts';

/** Output of a command, with room for a large cluster's JSON. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

const run = promisify(execFile);
const OUTPUT_LIMIT = 64 * 1024 * 1024;

/**
 * Makes mount, network and PID namespaces, held by one process: ending it ends every process in them, and with the last
 * of those the mounts, links, addresses and rules are gone.
 * @param holder path of the program that becomes the first process, seen from the host
 */
export async function makeNamespaces(layout: Layout, holder: string): Promise<void> {
  const log = openSync(join(layout.log, 'namespaces.log'), 'a');
  const kinds = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const unshare = spawn('unshare', [...kinds, holder], { stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  await once(unshare, 'spawn');
  unshare.unref();
  const first = await until('the namespaces exist', () => firstChild(unshare.pid ?? 0, holder));
  writeFileSync(layout.namespaces, JSON.stringify(processId(first)));
}

/** The first process of the cluster's namespaces, as the host sees it; null when there is none. */
export function holderOf(layout: Layout): number | null {
  try {
    const holder = JSON.parse(readFileSync(layout.namespaces, 'utf8')) as ProcessId;
    return isAlive(holder) ? holder.pid : null;
  } catch {
    return null;
  }
}

/** Ends every process in the namespaces; none is an answer too. */
export async function endNamespaces(layout: Layout): Promise<void> {
  const holder = holderOf(layout);
  if (holder !== null) {
    process.kill(holder, 'SIGKILL');
    await until('the cluster has ended', () => holderOf(layout) === null);
  }
  rmSync(layout.namespaces, { force: true });
}

/** Command line that runs `command` inside, from a shell or {@link spawn} on the host. @throws without a cluster */
export function inside(layout: Layout, command: readonly string[]): [program: string, ...args: string[]] {
  const holder = holderOf(layout);
  if (holder === null) throw new Error(`no cluster runs in ${layout.dir}: npm run cluster:up`);
  return ['nsenter', '--target', String(holder), '--mount', '--net', '--pid', '--wd=/', ...command];
}

/** Runs a command inside to its end. @throws when it fails, with what it printed */
export async function execInside(layout: Layout, command: readonly string[]): Promise<Output> {
  const [program, ...args] = inside(layout, command);
  return run(program, args, { maxBuffer: OUTPUT_LIMIT });
}

/** Starts a process inside that belongs to the namespaces alone; it logs to `log/<name>.log`. */
export async function startInside(layout: Layout, name: string, command: readonly string[]): Promise<void> {
  const script = 'exec "$@" >> "$0" 2>&1 < /dev/null';
  await execInside(layout, ['setsid', '--fork', 'bash', '-c', script, `${INSIDE.state}/log/${name}.log`, ...command]);
}

/** Null until it runs `program`: before, unshare still prepares the namespaces in it. */
function firstChild(pid: number, program: string): number | null {
  const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0];
  return child && readlinkSync(`/proc/${child}/exe`) === realpathSync(program) ? Number(child) : null;
}
