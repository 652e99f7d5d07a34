import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { Delivery, FLAWLESS } from '../../tools/support/delivery.ts';
import { metric } from '../../tools/support/metrics.ts';
import { BUILDS, openClient, record, sendSurely } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startLink } from '../support/chat/link.ts';
import { type Cluster, startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const ROOM = 'channel:recovered';
const MISSED = 250;

/**
 * Recoveries of a gateway by tail, stream and MongoDB. The client's inbox recovers too: it never had a message, which any
 * gateway knows once it has opened it, so that it counts for the tail.
 */
async function recoveries(adminPort: number): Promise<readonly number[]> {
  return await Promise.all(
    ['tail', 'stream', 'mongodb'].map(source => metric(adminPort, 'chatcluster_recoveries_total', { source })),
  );
}

describe('sources of a recovery', { concurrency: 3 }, () => {
  for (const build of BUILDS) {
    /**
     * Bob reads, is cut off, misses 250 messages and comes back. `meanwhile` is what happens before he does.
     * @returns recoveries of the gateway he comes back to, by tail, stream and MongoDB
     */
    const cutOff = async (
      t: Parameters<typeof startCluster>[0] & Parameters<typeof startLink>[0],
      env: Readonly<Record<string, string>>,
      meanwhile: (cluster: Cluster, last: number) => Promise<void>,
    ) => {
      const cluster = await startCluster(t, backends, { env });
      const link = await startLink(t, cluster.gateways[0].port);
      const bob = await openClient(t, link.url, { build, user: 'bob' });
      const delivery = new Delivery();
      const subscription = await record(bob, 'bob', ROOM, delivery);
      const alice = await openClient(t, cluster.gateways[0].url, { build, user: 'alice' });
      await sendSurely(alice, ROOM, 'before', delivery);
      await until('bob reads', () => delivery.complete());

      link.target(null);
      link.cut();
      await until('bob has noticed', () => subscription.state === 'subscribing');
      const sent = await Promise.all(
        Array.from({ length: MISSED }, (_, i) => sendSurely(alice, ROOM, `${i}`, delivery)),
      );
      alice.sdk.disconnect();
      await meanwhile(cluster, Math.max(...sent.map(({ offset }) => offset)));
      const [gateway] = cluster.gateways;
      const before = await recoveries(gateway.adminPort);

      const context = new Promise<{ wasRecovering: boolean; recovered: boolean }>(resolve =>
        subscription.on('subscribed', resolve),
      );
      link.target(gateway.port);
      const { wasRecovering, recovered } = await context;
      assert.deepEqual({ wasRecovering, recovered }, { wasRecovering: true, recovered: true });
      await until('bob has everything he missed', () => delivery.complete(), { state: () => delivery.state() });
      const back = await openClient(t, gateway.url, { build, user: 'alice' });
      await sendSurely(back, ROOM, 'after', delivery);
      await until('bob reads live again', () => delivery.complete(), { state: () => delivery.state() });
      assert.deepEqual(delivery.verdict(), FLAWLESS);
      const now = await recoveries(gateway.adminPort);
      return now.map((count, i) => count - (before[i] ?? 0));
    };

    test(`${build}: who comes back to the same gateway recovers from its tail`, async t => {
      const counts = await cutOff(t, { CHAT_TAIL_MESSAGES: '1000' }, async () => undefined);
      assert.deepEqual(counts, [2, 0, 0]);
    });

    test(`${build}: after a restart of every gateway recovery reads the stream`, async t => {
      const counts = await cutOff(t, {}, cluster => cluster.restartGateways());
      assert.deepEqual(counts, [1, 1, 0]);
    });

    test(`${build}: after the stream was purged too, recovery reads MongoDB`, async t => {
      const env = { CHAT_HOT_WINDOW_SECONDS: '0', CHAT_DEDUPE_SECONDS: '10', CHAT_PURGE_SECONDS: '1' };
      const counts = await cutOff(t, env, async (cluster, last) => {
        await until('the worker has purged what bob missed', async () => (await cluster.firstOffset(ROOM)) > last);
        await cluster.restartGateways();
      });
      assert.deepEqual(counts, [1, 0, 1]);
    });
  }

  test('a position of another incarnation of the stream is not recovered', async t => {
    const { gateways } = await startCluster(t, backends);
    const client = await openClient(t, gateways[0].url);
    const subscription = client.sdk.newSubscription(ROOM, { since: { offset: 1, epoch: 'another' } });
    const context = new Promise<{ wasRecovering: boolean; recovered: boolean }>(resolve =>
      subscription.on('subscribed', resolve),
    );
    subscription.subscribe();
    const { wasRecovering, recovered } = await context;
    assert.deepEqual({ wasRecovering, recovered }, { wasRecovering: true, recovered: false });
  });

  test('more missed messages than the limit are not recovered, and history pages through them', async t => {
    const { gateways } = await startCluster(t, backends, {
      env: { CHAT_RECOVERY_LIMIT: '20', CHAT_TAIL_MESSAGES: '1' },
    });
    const client = await openClient(t, gateways[0].url);
    const { offset, epoch } = await client.send(ROOM, 'first');
    for (let i = 0; i < 30; i++) await client.send(ROOM, `${i}`);
    const reader = await openClient(t, gateways[0].url, { user: 'bob' });
    const subscription = reader.sdk.newSubscription(ROOM, { since: { offset, epoch } });
    const context = new Promise<{ recovered: boolean }>(resolve => subscription.on('subscribed', resolve));
    subscription.subscribe();
    assert.equal((await context).recovered, false);
    const { publications } = await subscription.history({ since: { offset, epoch }, limit: 100 });
    assert.equal(publications.length, 30);
  });
});
