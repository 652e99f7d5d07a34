import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { GatewayLoad } from '../../../server/contract/load.ts';
import { ADMIN_PATHS } from '../../../server/contract/ports.ts';
import type { Backends } from '../../../tools/support/backends.ts';
import { Delivery, FLAWLESS } from '../../../tools/support/delivery.ts';
import { BUILDS, openClient, record, sendSurely } from '../../../tools/support/sdk.ts';
import { until } from '../../../tools/support/until.ts';
import { type Link, startLink } from './link.ts';
import { type Cluster, type SpawnedGateway, startCluster } from './local-chat.ts';

export const BUSY_ROOM = 'channel:moving';
/** Messages that wait for their answer at the same time. */
const IN_FLIGHT = 8;

export interface BusyGateway {
  readonly cluster: Cluster;
  readonly gateway: SpawnedGateway;
  /** The network between the clients and the gateways. */
  readonly link: Link;
  readonly delivery: Delivery;
  /** Codes with which each client, the writer too, was told to connect again. */
  readonly moves: ReadonlyMap<string, readonly number[]>;
  /** Resolves when so many more messages have come to a reader. */
  flow(messages: number): Promise<void>;
  /** Lets messages flow, ends the writer, and checks that everyone has everything once and in order. */
  finish(): Promise<void>;
}

/** Readers and a writer on one gateway process, with the writer sending until told to stop; two other gateways are there. */
export async function busyGateway(
  t: TestContext,
  backends: Backends,
  env: Readonly<Record<string, string>>,
  readers = 6,
): Promise<BusyGateway> {
  const cluster = await startCluster(t, backends, { env: { CHAT_COMMANDS_PER_SECOND: '10000' } });
  const gateway = await cluster.spawnGateway(env);
  const link = await startLink(t, gateway.port);
  const delivery = new Delivery();
  const moves = new Map<string, number[]>();
  const open = async (user: string, i: number) => {
    const client = await openClient(t, link.url, { build: BUILDS[i % 2] ?? 'json', user });
    await client.connected();
    const codes: number[] = [];
    moves.set(user, codes);
    client.sdk.on('connecting', ({ code }) => void codes.push(code));
    return client;
  };
  for (let i = 0; i < readers; i++) {
    const client = await open(`reader-${i}`, i);
    await record(client, `reader-${i}`, BUSY_ROOM, delivery);
  }
  const writer = await open('writer', 0);
  let sending = true;
  const send = async () => {
    for (let i = 0; sending; i++) await sendSurely(writer, BUSY_ROOM, `${i}`, delivery);
  };
  const sent = Promise.all(Array.from({ length: IN_FLIGHT }, send));
  t.after(() => {
    sending = false;
  });
  const flow = async (messages: number) => {
    const held = delivery.received('reader-0').length;
    await until('messages flow', () => delivery.received('reader-0').length > held + messages);
  };
  await flow(50);
  return {
    cluster,
    gateway,
    link,
    delivery,
    moves,
    flow,
    async finish() {
      await flow(50);
      sending = false;
      await sent;
      await until('everyone has everything', () => delivery.complete(), { state: () => delivery.state() });
      assert.deepEqual(delivery.verdict(), FLAWLESS);
    },
  };
}

/** The load that the autoscaler reads. */
export async function loadOf(gateway: { readonly adminPort: number }): Promise<GatewayLoad> {
  const answer = await fetch(`http://127.0.0.1:${gateway.adminPort}${ADMIN_PATHS.load}`);
  return (await answer.json()) as GatewayLoad;
}
