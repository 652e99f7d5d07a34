import type { ChildProcess } from 'node:child_process';
import { tokenFor } from '../support/token.ts';
import { BenchClient } from './client.ts';
import { cpuMs } from './process-cost.ts';
import { median, paced } from './rounds.ts';
import { answer, pidOf, type Row, type Setup, start, startSpine } from './setup.ts';
import { startSocketIo } from './socket-io-server.ts';
import { delivered, subscribers } from './subscribed.ts';

const SUBSCRIBERS = 1_000;
/** The servers take turns, so that whatever else the machine does meets them all. */
const ROUNDS = 5;
/** Rounds before those that count: they pay for what is compiled late. */
const WARM_UP = 2;
const MESSAGES_A_ROUND = 200;
const PER_SECOND = 50;
const BYTES = 200;
const ROOM = 'channel:bench';

/** A server with its subscribers. */
interface Contestant {
  readonly clients: ChildProcess;
  /** The processes whose time counts, the server itself first. */
  readonly pids: readonly number[];
  /** Sends a round of messages, from where they come from. */
  send(): Promise<void>;
}

/** CPU of the gateway for one delivery, over that of a server that does nothing else, and of Socket.IO. */
export async function fanOutCost(setup: Setup): Promise<Row[]> {
  const contestants = [await bare(setup), await socketIo(setup), await gateway(setup)];
  const costs: number[][][] = contestants.map(() => []);
  for (let round = 1; round <= WARM_UP + ROUNDS; round++) {
    for (const [index, contestant] of contestants.entries()) {
      const cost = await measure(contestant, round);
      if (round > WARM_UP) costs[index]?.push(cost);
    }
  }
  const [bareUs = 0, socketIoUs = 0, gatewayUs = 0] = costs.map(rounds => median(rounds.map(round => round[0] ?? 0)));
  const beside = (process: number) => median(costs[2]?.map(round => (round[process] ?? 0) * SUBSCRIBERS) ?? []);
  return [
    { what: 'bare uWebSockets, CPU a delivery', measured: `${bareUs.toFixed(2)} us` },
    { what: 'Socket.IO, CPU a delivery', measured: `${socketIoUs.toFixed(2)} us` },
    { what: 'gateway, CPU a delivery', measured: `${gatewayUs.toFixed(2)} us` },
    { what: 'gateway over bare', measured: (gatewayUs / bareUs).toFixed(2), goal: 'at most 1.3' },
    { what: 'gateway over Socket.IO', measured: (gatewayUs / socketIoUs).toFixed(2), goal: 'below 1' },
    { what: 'beside it: NATS, CPU a message', measured: `${beside(1).toFixed(0)} us` },
    { what: 'beside it: worker, CPU a message', measured: `${beside(2).toFixed(0)} us` },
  ];
}

/** @returns microseconds a delivery, for each process */
async function measure(contestant: Contestant, round: number): Promise<number[]> {
  const before = contestant.pids.map(cpuMs);
  await contestant.send();
  await delivered(contestant.clients, round * MESSAGES_A_ROUND * SUBSCRIBERS);
  const deliveries = MESSAGES_A_ROUND * SUBSCRIBERS;
  return contestant.pids.map((pid, index) => ((cpuMs(pid) - (before[index] ?? 0)) * 1000) / deliveries);
}

/** Messages come from a client, as they do for the gateway; it gets them too, which makes one delivery of a thousand more. */
async function bare(setup: Setup): Promise<Contestant> {
  const server = start('tools/bench/bare-uws.ts', {}, setup.teardown);
  const { port } = await answer<{ port: number }>(server);
  const url = `ws://127.0.0.1:${port}/`;
  const clients = await subscribers(setup, { url, dialect: 'bare', room: '', clients: SUBSCRIBERS });
  const client = await BenchClient.open(url, 'bare');
  const frame = `{"push":"${'x'.repeat(BYTES)}"}`;
  return {
    clients,
    pids: [pidOf(server)],
    send: () => paced(MESSAGES_A_ROUND, PER_SECOND, async () => client.sendRaw(frame)),
  };
}

async function socketIo(setup: Setup): Promise<Contestant> {
  const { server, url } = await startSocketIo(setup, BYTES, PER_SECOND);
  return sender(server, await subscribers(setup, { url, dialect: 'socket.io', room: '', clients: SUBSCRIBERS }));
}

/** A server that sends by itself. */
function sender(server: ChildProcess, clients: ChildProcess): Contestant {
  const send = async () => void server.send({ send: MESSAGES_A_ROUND });
  return { clients, pids: [pidOf(server)], send };
}

/** Messages come from a client, through the stream. */
async function gateway(setup: Setup): Promise<Contestant> {
  const spine = await startSpine(setup);
  const clients = await subscribers(setup, { url: spine.url, dialect: 'chat', room: ROOM, clients: SUBSCRIBERS });
  const client = await BenchClient.open(spine.url, 'chat', await tokenFor('sender', {}, setup.secret));
  const data = { text: 'x'.repeat(BYTES - '{"text":""}'.length) };
  return {
    clients,
    pids: [pidOf(spine.gateway), setup.nats.pid, pidOf(spine.worker)],
    async send() {
      await paced(MESSAGES_A_ROUND, PER_SECOND, () => client.command({ publish: { channel: ROOM, data } }));
    },
  };
}
