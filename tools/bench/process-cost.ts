import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100; // USER_HZ, 100 on every Linux that Node runs on
const KIB = 1024;

/** CPU time a process has used, in ms. Linux only. */
export function cpuMs(pid: number): number {
  // The name in brackets may hold spaces: fields are counted after it.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1000;
}

export interface Memory {
  /** Resident bytes. */
  readonly rss: number;
  /** Resident bytes, shared pages divided by those who share them. */
  readonly pss: number;
}

export function memory(pid: number): Memory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]) * KIB;
  return { rss: field('Rss'), pss: field('Pss') };
}

/** Bytes the kernel keeps for the sockets of all processes: a connection costs them too. */
export function socketMemory(): number {
  const pages = /^TCP:.* mem (\d+)$/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))?.[1];
  return Number(pages) * 4096;
}
