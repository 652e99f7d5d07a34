import type { ChildProcess } from 'node:child_process';
import { sourcesOf } from '../local/sources-of.ts';
import { nextId } from '../support/sdk.ts';
import { tokenFor } from '../support/token.ts';
import { BenchClient } from './client.ts';
import { cpuMs } from './process-cost.ts';
import { median, paced } from './rounds.ts';
import { pidOf, type Row, type Setup, startSpine } from './setup.ts';
import { delivered, subscribers } from './subscribed.ts';

/** Variable with the commit that this version is compared with. */
const AGAINST = 'BENCH_AGAINST';
const SUBSCRIBERS = 1_000;
/** Rounds that count. Both versions take turns, so that whatever else the machine does meets both. */
const ROUNDS = 10;
/** Rounds before those that count: they pay for what is compiled late. */
const WARM_UP = 2;
const MESSAGES_A_ROUND = 200;
const PER_SECOND = 50;
const TEXT = 'x'.repeat(140);
const ROOM = 'channel:bench';

/** A version with its subscribers and a sender. */
interface Contestant {
  readonly gateway: number;
  readonly worker: number;
  readonly clients: ChildProcess;
  readonly sender: BenchClient;
}

/** Cost of one round. */
interface Cost {
  /** Milliseconds from `message.send` to its acknowledgement, the median. */
  readonly ackMs: number;
  /** Microseconds of the gateway's CPU for a delivery. */
  readonly deliveryUs: number;
  /** Microseconds of the worker's CPU for a message. */
  readonly workerUs: number;
}

/**
 * Cost of messages in this version over that in another one: `message.send` to its acknowledgement, and CPU. Both serve a room of
 * 1,000 subscribers, each with a worker and streams of its own. Runs only with {@link AGAINST}.
 */
export async function beside(setup: Setup): Promise<Row[]> {
  const commit = process.env[AGAINST];
  if (!commit) return [{ what: `this version over another one: set ${AGAINST} to its commit`, measured: 'not run' }];
  const other = await contestant(setup, await sourcesOf(commit));
  const ours = await contestant(setup);
  const costs: { readonly other: Cost; readonly ours: Cost }[] = [];
  for (let round = 1; round <= WARM_UP + ROUNDS; round++) {
    // Each goes first in every other round.
    const early = round % 2 === 0 ? ours : other;
    const late = early === ours ? other : ours;
    const [first, second] = [await measure(early, round), await measure(late, round)];
    if (round > WARM_UP) costs.push(early === ours ? { ours: first, other: second } : { other: first, ours: second });
  }
  const row = (what: string, unit: string, cost: keyof Cost): Row => {
    const both = (side: 'ours' | 'other') => median(costs.map(round => round[side][cost])).toFixed(2);
    const ratios = costs.map(({ ours, other }) => ours[cost] / other[cost]).sort((a, b) => a - b);
    const range = `${ratios[0]?.toFixed(2)} to ${ratios.at(-1)?.toFixed(2)}`;
    const measured = `${median(ratios).toFixed(2)} (${range}; ${both('ours')} over ${both('other')} ${unit})`;
    return { what: `this version over ${commit}: ${what}`, measured };
  };
  return [
    row('message.send to acknowledgement', 'ms', 'ackMs'),
    row('gateway, CPU a delivery', 'us', 'deliveryUs'),
    row('worker, CPU a message', 'us', 'workerUs'),
  ];
}

async function contestant(setup: Setup, version?: string): Promise<Contestant> {
  const spine = await startSpine(setup, version === undefined ? {} : { version });
  const clients = await subscribers(setup, { url: spine.url, dialect: 'chat', room: ROOM, clients: SUBSCRIBERS });
  const sender = await BenchClient.open(spine.url, 'chat', await tokenFor('sender', {}, setup.secret));
  return { gateway: pidOf(spine.gateway), worker: pidOf(spine.worker), clients, sender };
}

async function measure({ gateway, worker, clients, sender }: Contestant, round: number): Promise<Cost> {
  const times: number[] = [];
  const [gatewayBefore, workerBefore] = [cpuMs(gateway), cpuMs(worker)];
  await paced(MESSAGES_A_ROUND, PER_SECOND, async () => {
    const data = { room: ROOM, id: nextId(), text: TEXT };
    const began = performance.now();
    await sender.command({ rpc: { method: 'message.send', data } });
    times.push(performance.now() - began);
  });
  await delivered(clients, round * MESSAGES_A_ROUND * SUBSCRIBERS);
  return {
    ackMs: median(times),
    deliveryUs: ((cpuMs(gateway) - gatewayBefore) * 1_000) / (MESSAGES_A_ROUND * SUBSCRIBERS),
    workerUs: ((cpuMs(worker) - workerBefore) * 1_000) / MESSAGES_A_ROUND,
  };
}
