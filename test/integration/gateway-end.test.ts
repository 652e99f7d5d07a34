import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { busyGateway, BUSY_ROOM as ROOM } from '../support/chat/busy-gateway.ts';
import { startLink } from '../support/chat/link.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });

test('a gateway that is told to end moves each client once, loses nothing, and exits', async t => {
  const { cluster, gateway, link, moves, finish } = await busyGateway(t, backends, {
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
  const { cluster, gateway, link, moves, finish } = await busyGateway(t, backends, {});
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
