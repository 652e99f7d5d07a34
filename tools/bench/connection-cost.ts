import type { ChildProcess } from 'node:child_process';
import { memory, socketMemory } from './process-cost.ts';
import { answer, type Setup, start } from './setup.ts';
import type { Job } from './subscribers.ts';

const WARM_UP = 1_000;
/** Heartbeats and garbage collections of this long count as idle. */
const SETTLE_MS = 10_000;

/** Bytes that connections cost a server, all together. */
export interface ConnectionCost {
  readonly rss: number;
  readonly pss: number;
  /** Kernel memory of the sockets of both ends. */
  readonly sockets: number;
}

/**
 * Measures the memory of idle connections beside 1,000 others: what the first ones make a server compile and load is not counted.
 * @param pid of the server
 */
export async function connectionCost(
  setup: Setup,
  pid: number,
  where: Omit<Job, 'secret' | 'room' | 'parallel'>,
): Promise<ConnectionCost> {
  const job: Job = { ...where, secret: setup.secret, room: '', parallel: 50 };
  const first = await opened(setup, { ...job, clients: WARM_UP });
  await settle();
  const before = memory(pid);
  const socketsBefore = socketMemory();
  const clients = await opened(setup, job);
  await settle();
  const after = memory(pid);
  const sockets = socketMemory() - socketsBefore;
  for (const child of [first, clients]) child.kill('SIGKILL');
  return { rss: after.rss - before.rss, pss: after.pss - before.pss, sockets };
}

async function opened(setup: Setup, job: Job): Promise<ChildProcess> {
  const clients = start('tools/bench/subscribers.ts', {}, setup.teardown);
  clients.send(job);
  await answer(clients);
  return clients;
}

const settle = () => new Promise(resolve => setTimeout(resolve, SETTLE_MS));
