import { memory, socketMemory } from './process-cost.ts';
import { answer, pidOf, type Row, type Setup, start, startSpine } from './setup.ts';
import type { Job } from './subscribers.ts';

const CONNECTIONS = 10_000;
/** Heartbeats and garbage collections of this long count as idle. */
const SETTLE_MS = 10_000;
const KIB = 1024;

/** What 10,000 connections of as many users cost, each signed in and subscribed to its inbox. */
export async function idleMemory(setup: Setup): Promise<Row[]> {
  const spine = await startSpine(setup);
  const pid = pidOf(spine.gateway);
  await settle();
  const before = memory(pid);
  const socketsBefore = socketMemory();
  const clients = start('test/bench/subscribers.ts', {}, setup.teardown);
  clients.send({ url: spine.url, secret: setup.secret, clients: CONNECTIONS, room: '', parallel: 50 } satisfies Job);
  await answer(clients);
  await settle();
  const after = memory(pid);
  const sockets = socketMemory() - socketsBefore;
  for (const child of [clients, spine.gateway, spine.worker]) child.kill('SIGKILL');
  const each = (bytes: number) => `${(bytes / CONNECTIONS / KIB).toFixed(2)} KiB`;
  return [
    { what: `RSS a connection, ${CONNECTIONS} idle`, measured: each(after.rss - before.rss), goal: 'at most 8 KiB' },
    { what: 'PSS a connection', measured: each(after.pss - before.pss) },
    { what: 'kernel socket memory a connection, both ends', measured: each(sockets) },
  ];
}

const settle = () => new Promise(resolve => setTimeout(resolve, SETTLE_MS));
