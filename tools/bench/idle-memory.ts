import type { ChildProcess } from 'node:child_process';
import { memory, socketMemory } from './process-cost.ts';
import { answer, pidOf, type Row, type Setup, start, startSpine } from './setup.ts';
import { startSocketIo } from './socket-io-server.ts';
import type { Job } from './subscribers.ts';

const CONNECTIONS = 10_000;
const WARM_UP = 1_000;
/** Heartbeats and garbage collections of this long count as idle. */
const SETTLE_MS = 10_000;
const KIB = 1024;

interface Cost {
  readonly rss: number;
  readonly pss: number;
  readonly sockets: number;
}

/** Memory of 10,000 connections of as many users, each signed in and subscribed to its inbox. */
export async function idleMemory(setup: Setup): Promise<Row[]> {
  const spine = await startSpine(setup);
  const ours = await costOf(setup, pidOf(spine.gateway), { url: spine.url, dialect: 'chat' });
  for (const child of [spine.gateway, spine.worker]) child.kill('SIGKILL');
  const socketIo = await startSocketIo(setup);
  const theirs = await costOf(setup, pidOf(socketIo.server), { url: socketIo.url, dialect: 'socket.io' });
  socketIo.server.kill('SIGKILL');
  const each = (bytes: number) => `${(bytes / CONNECTIONS / KIB).toFixed(2)} KiB`;
  return [
    { what: `RSS a connection, ${CONNECTIONS} idle`, measured: each(ours.rss), goal: 'at most 8 KiB' },
    { what: 'PSS a connection', measured: each(ours.pss) },
    { what: 'kernel socket memory a connection, both ends', measured: each(ours.sockets) },
    { what: 'Socket.IO, RSS a connection', measured: each(theirs.rss) },
    { what: 'gateway over Socket.IO, RSS', measured: (ours.rss / theirs.rss).toFixed(2), goal: 'below 1' },
  ];
}

/** The cost of a connection more: what the first ones make a server compile and load is in the base already. */
async function costOf(setup: Setup, pid: number, where: Pick<Job, 'url' | 'dialect'>): Promise<Cost> {
  const job: Job = { ...where, secret: setup.secret, clients: WARM_UP, room: '', parallel: 50 };
  const first = await opened(setup, job);
  await settle();
  const before = memory(pid);
  const socketsBefore = socketMemory();
  const clients = await opened(setup, { ...job, clients: CONNECTIONS });
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
