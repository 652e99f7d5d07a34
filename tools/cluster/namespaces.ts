import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readlinkSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../support/until.ts';
import { INSIDE, type Layout, type NodeLayout } from './layout.ts';
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
export async function makeNamespaces(node: NodeLayout, holder: string): Promise<void> {
  const log = openSync(join(node.log, 'namespaces.log'), 'a');
  const kinds = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const unshare = spawn('unshare', [...kinds, holder], { stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  await once(unshare, 'spawn');
  unshare.unref();
  const first = await until('the namespaces exist', () => firstChild(unshare.pid ?? 0, holder));
  writeFileSync(node.namespaces, JSON.stringify(processId(first)));
}

/** The first process of a node's namespaces, as the host sees it; null when there is none. */
export function holderOf(node: NodeLayout): number | null {
  try {
    const holder = JSON.parse(readFileSync(node.namespaces, 'utf8')) as ProcessId;
    return isAlive(holder) ? holder.pid : null;
  } catch {
    return null;
  }
}

/** The nodes whose namespaces exist, the first one first. */
export function runningNodes(layout: Layout): NodeLayout[] {
  return [layout, layout.second].filter(node => holderOf(node) !== null);
}

/** Ends every process in the namespaces; none is an answer too. */
export async function endNamespaces(node: NodeLayout): Promise<void> {
  const holder = holderOf(node);
  if (holder !== null) {
    process.kill(holder, 'SIGKILL');
    await until(`${node.name} has ended`, () => holderOf(node) === null);
  }
  rmSync(node.namespaces, { force: true });
}

/** Command line that runs `command` inside, from a shell or {@link spawn} on the host. @throws without the node */
export function inside(node: NodeLayout, command: readonly string[]): [program: string, ...args: string[]] {
  const holder = holderOf(node);
  if (holder === null) throw new Error(`${node.name} does not run in ${node.dir}: npm run cluster:up`);
  return ['nsenter', '--target', String(holder), '--mount', '--net', '--pid', '--wd=/', ...command];
}

/** Runs a command inside to its end. @throws when it fails, with what it printed */
export async function execInside(node: NodeLayout, command: readonly string[]): Promise<Output> {
  const [program, ...args] = inside(node, command);
  return run(program, args, { maxBuffer: OUTPUT_LIMIT });
}

/** Starts a process inside that belongs to the namespaces alone; it logs to `log/<name>.log`. */
export async function startInside(node: NodeLayout, name: string, command: readonly string[]): Promise<void> {
  const script = 'exec "$@" >> "$0" 2>&1 < /dev/null';
  await execInside(node, ['setsid', '--fork', 'bash', '-c', script, `${INSIDE.state}/log/${name}.log`, ...command]);
}

/** Id of the process once it runs `program`; null before, while unshare still prepares the namespaces in it. */
function firstChild(pid: number, program: string): number | null {
  const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0];
  return child && readlinkSync(`/proc/${child}/exe`) === realpathSync(program) ? Number(child) : null;
}
