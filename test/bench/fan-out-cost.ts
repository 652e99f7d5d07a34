import type { ChildProcess } from 'node:child_process';
import { tokenFor } from '../support/token.ts';
import { until } from '../support/until.ts';
import { BenchClient } from './client.ts';
import { cpuMs } from './process-cost.ts';
import { answer, pidOf, type Row, type Setup, start, startSpine } from './setup.ts';
import { startSocketIo } from './socket-io-server.ts';
import type { Job } from './subscribers.ts';

const SUBSCRIBERS = 1_000;
const MESSAGES = 1_000;
const PER_SECOND = 50;
const BYTES = 200;
const ROOM = 'channel:bench';

interface Cost {
  readonly deliveries: number;
  readonly cpuMs: number;
}

/** CPU of the gateway for one delivery, over that of a server that does nothing else, and of Socket.IO. */
export async function fanOutCost(setup: Setup): Promise<Row[]> {
  const bareServer = start('test/bench/bare-uws.ts', {}, setup.teardown, [String(BYTES), String(PER_SECOND)]);
  const { port } = await answer<{ port: number }>(bareServer);
  const bare = await senderCost(setup, bareServer, { url: `ws://127.0.0.1:${port}/`, dialect: 'bare' });
  const socketIo = await startSocketIo(setup, BYTES, PER_SECOND);
  const theirs = await senderCost(setup, socketIo.server, { url: socketIo.url, dialect: 'socket.io' });
  const { gateway, nats, worker } = await gatewayCost(setup);
  const us = (cost: Cost) => (cost.cpuMs * 1000) / cost.deliveries;
  const ratio = (over: Cost) => (us(gateway) / us(over)).toFixed(2);
  return [
    { what: 'bare uWebSockets, CPU a delivery', measured: `${us(bare).toFixed(2)} us` },
    { what: 'Socket.IO, CPU a delivery', measured: `${us(theirs).toFixed(2)} us` },
    { what: 'gateway, CPU a delivery', measured: `${us(gateway).toFixed(2)} us` },
    { what: 'gateway over bare', measured: ratio(bare), goal: 'at most 1.3' },
    { what: 'gateway over Socket.IO', measured: ratio(theirs), goal: 'below 1' },
    { what: 'beside it: NATS, CPU a message', measured: `${((nats * 1000) / MESSAGES).toFixed(0)} us` },
    { what: 'beside it: worker, CPU a message', measured: `${((worker * 1000) / MESSAGES).toFixed(0)} us` },
  ];
}

/** Of a server that sends by itself. */
async function senderCost(setup: Setup, server: ChildProcess, where: Pick<Job, 'url' | 'dialect'>): Promise<Cost> {
  const clients = await subscribers(setup, { ...where, secret: '', room: '' });
  const before = cpuMs(pidOf(server));
  server.send({ send: MESSAGES });
  const deliveries = await allDelivered(clients);
  const cost = cpuMs(pidOf(server)) - before;
  for (const child of [clients, server]) child.kill('SIGKILL');
  return { deliveries, cpuMs: cost };
}

async function gatewayCost(setup: Setup): Promise<{ gateway: Cost; nats: number; worker: number }> {
  const spine = await startSpine(setup);
  const clients = await subscribers(setup, {
    url: spine.url,
    dialect: 'chat',
    secret: setup.secret,
    room: ROOM,
  });
  const sender = await BenchClient.open(spine.url, 'chat', await tokenFor('sender', {}, setup.secret));
  const data = { text: 'x'.repeat(BYTES - '{"text":""}'.length) };
  await sender.command({ publish: { channel: ROOM, data } }); // the first one pays for what is compiled late
  const pids = [pidOf(spine.gateway), setup.nats.pid, pidOf(spine.worker)];
  const before = pids.map(cpuMs);
  const started = performance.now();
  for (let sent = 1; sent < MESSAGES; sent++) {
    const due = started + (sent * 1000) / PER_SECOND;
    await new Promise(resolve => setTimeout(resolve, due - performance.now()));
    await sender.command({ publish: { channel: ROOM, data } });
  }
  const deliveries = await allDelivered(clients);
  const [gateway = 0, nats = 0, worker = 0] = pids.map((pid, index) => cpuMs(pid) - (before[index] ?? 0));
  sender.close();
  for (const child of [clients, spine.gateway, spine.worker]) child.kill('SIGKILL');
  return { gateway: { deliveries, cpuMs: gateway }, nats, worker };
}

async function subscribers(setup: Setup, where: Pick<Job, 'url' | 'dialect' | 'secret' | 'room'>) {
  const child = start('test/bench/subscribers.ts', {}, setup.teardown);
  child.send({ ...where, clients: SUBSCRIBERS, parallel: 20 } satisfies Job);
  await answer(child);
  return child;
}

/** @throws when fewer messages arrived than were sent */
async function allDelivered(clients: Awaited<ReturnType<typeof subscribers>>): Promise<number> {
  const expected = SUBSCRIBERS * MESSAGES;
  let seen = 0;
  const all = async () => {
    clients.send('count');
    seen = (await answer<{ deliveries: number }>(clients)).deliveries;
    return seen >= expected;
  };
  try {
    await until('every message reached every subscriber', all, { ms: 120_000 });
  } catch (error) {
    if (seen === 0) throw error;
    throw new Error(`${expected - seen} of ${expected} deliveries are missing`);
  }
  return seen;
}
