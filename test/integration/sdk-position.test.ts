import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { SubscribedContext } from 'centrifuge';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });

for (const build of BUILDS) {
  test(`${build}: a position moves on with every reconnect, whether something was missed or not`, async t => {
    const { gateways } = await startCluster(t, backends, { env: { CHAT_PARTITIONS: '1' } });
    const room = 'channel:quiet';
    const bob = await openClient(t, gateways[0].url, { build, user: 'bob' });
    const alice = await openClient(t, gateways[0].url, { build, user: 'alice' });
    const subscription = await alice.subscribe(room, { positioned: true, recoverable: true });
    const contexts: SubscribedContext[] = [];
    const got: number[] = [];
    subscription.on('subscribed', context => contexts.push(context));
    subscription.on('publication', ({ offset }) => got.push(offset ?? 0));
    /** Leaves, lets `meanwhile` happen, and comes back with the position it holds. */
    const comeBack = async (meanwhile: () => Promise<unknown>) => {
      const before = contexts.length;
      alice.sdk.disconnect();
      await meanwhile();
      alice.sdk.connect();
      return await until('it is back', () => contexts[before]);
    };

    const { offset: first } = await bob.send(room, 'one');
    await until('the first is here', () => got.length === 1);
    const missed = await comeBack(() => bob.send(room, 'two'));
    await until('both are here', () => got.length === 2);
    assert.deepEqual([missed.recovered, missed.streamPosition?.offset], [true, first]);
    const [, second = 0] = got;
    const nothing = await comeBack(async () => undefined);
    assert.deepEqual([nothing.recovered, nothing.streamPosition?.offset], [true, second]);
    assert.equal(got.length, 2);
  });
}
