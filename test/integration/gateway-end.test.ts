import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { startBackends } from '../support/backends.ts';
import { startCluster } from '../support/cluster.ts';
import { Delivery, FLAWLESS } from '../support/delivery.ts';
import { startLink } from '../support/link.ts';
import { BUILDS, openClient, record, sendSurely } from '../support/sdk.ts';
import { until } from '../support/until.ts';

const backends = await startBackends({ after });
const ROOM = 'channel:moving';
const READERS = 6;
/** Messages that wait for their answer at the same time. */
const IN_FLIGHT = 8;

/** Six readers and a writer on one gateway process, with the writer sending until told to stop; another gateway is there. */
async function busyGateway(t: TestContext, env: Readonly<Record<string, string>>) {
  const cluster = await startCluster(t, backends, { env: { CHAT_COMMANDS_PER_SECOND: '10000', ...env } });
  const gateway = await cluster.spawnGateway();
  const link = await startLink(t, gateway.port);
  const delivery = new Delivery();
  const moves = new Map<string, number[]>();
  const clients = [];
  for (let i = 0; i < READERS; i++) {
    const name = `reader-${i}`;
    const client = await openClient(t, link.url, { build: BUILDS[i % 2] ?? 'json', user: name });
    await record(client, name, ROOM, delivery);
    const codes: number[] = [];
    moves.set(name, codes);
    client.sdk.on('connecting', ({ code }) => void codes.push(code));
    clients.push(client);
  }
  const writer = await openClient(t, link.url, { user: 'writer' });
  await writer.connected();
  let sending = true;
  const send = async () => {
    for (let i = 0; sending; i++) await sendSurely(writer, ROOM, `${i}`, delivery);
  };
  const sent = Promise.all(Array.from({ length: IN_FLIGHT }, send));
  t.after(() => {
    sending = false;
  });
  await until('messages flow', () => delivery.received('reader-0').length > 50);
  return {
    cluster,
    gateway,
    link,
    delivery,
    moves,
    clients,
    async finish() {
      const held = delivery.received('reader-0').length;
      await until('messages flow on the other gateway', () => delivery.received('reader-0').length > held + 50);
      sending = false;
      await sent;
      await until('everyone has everything', () => delivery.complete(), { state: () => delivery.state() });
      assert.deepEqual(delivery.verdict(), FLAWLESS);
    },
  };
}

test('a gateway that is told to end moves each client once, loses nothing, and exits', async t => {
  const { cluster, gateway, link, moves, finish } = await busyGateway(t, {
    CHAT_DRAIN_SECONDS: '2',
    CHAT_DRAIN_DELAY_SECONDS: '1',
  });
  gateway.process.signal('SIGTERM');
  await until('it is not ready any more', async () => (await fetch(gateway.readyUrl)).status === 503);
  assert.ok(gateway.process.running());
  link.target(cluster.gateways[0].port);
  await until('it has exited', () => !gateway.process.running(), { ms: 15_000, state: () => gateway.process.output() });
  await finish();
  for (const [name, codes] of moves) assert.deepEqual(codes, [3001], name);
});

test('kill -9 of a gateway with publishes in flight loses, repeats and reorders nothing', async t => {
  const { cluster, gateway, link, moves, finish } = await busyGateway(t, {});
  await gateway.process.kill();
  link.target(cluster.gateways[1].port);
  await finish();
  assert.ok(!gateway.process.output().includes('drain'));
  for (const [name, codes] of moves) assert.ok(codes.length >= 1, name);
});

test('the members of a gateway that was killed leave the presence', async t => {
  const cluster = await startCluster(t, backends);
  const gateway = await cluster.spawnGateway();
  const link = await startLink(t, gateway.port);
  const bob = await openClient(t, link.url, { user: 'bob' });
  await bob.subscribe(ROOM);
  const alice = await openClient(t, cluster.gateways[0].url, { user: 'alice' });
  const subscription = await alice.subscribe(ROOM);
  const users = async () => {
    const { clients } = await subscription.presence();
    return Object.values(clients)
      .map(({ user }) => user)
      .sort()
      .join();
  };
  await until('alice sees bob', async () => (await users()) === 'alice,bob');
  link.target(null);
  await gateway.process.kill();
  await until('bob is gone', async () => (await users()) === 'alice', { ms: 15_000 });
});
