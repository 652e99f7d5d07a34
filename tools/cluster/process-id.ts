import { readFileSync } from 'node:fs';

/** Identity of a process: a later one with the same number differs. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks between the machine's start and its own. */
  readonly started: string;
  /** The machine's start. */
  readonly boot: string;
}

/** @throws when there is no such process */
export function processId(pid: number): ProcessId {
  return { pid, started: startOf(pid), boot: bootId() };
}

/** True if it still runs: a zombie does not. */
export function isAlive(id: ProcessId): boolean {
  try {
    return id.boot === bootId() && id.started === startOf(id.pid);
  } catch {
    return false;
  }
}

function startOf(pid: number): string {
  // The second field is a name that may hold anything, so count from its closing parenthesis.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z') throw new Error(`process ${pid} has ended`);
  return fields[19] ?? '';
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
