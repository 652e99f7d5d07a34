import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, nextId } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { inboxOf, repeatedIn } from '../support/chat/inbox-of.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { type Person, person } from '../support/chat/person.ts';

const backends = await startBackends({ after });

/** Relation of a user to another one, without a change: a request of what is there already. */
const stateOf = async (reader: Person, other: string) =>
  (await reader.act('friend.decline', { user: other }).catch(() => ({ state: 'friend' }))).state;

/** Types, acts and users of the entries that a user gets live. */
function follow(reader: Person) {
  const came: string[] = [];
  reader.sdk.on('publication', ({ channel, data }) => {
    if (channel !== `user:${reader.user}`) return;
    const { type, act, user } = reader.value(data) as { type: string; act?: string; user?: string };
    came.push([type, act, user].filter(Boolean).join(' '));
  });
  return came;
}

describe('friends, requests and blocks', { concurrency: 3 }, () => {
  for (const build of BUILDS)
    test(`${build}: users on two gateways become friends, also if both ask at the same time, and end it`, async t => {
      const cluster = await startCluster(t, backends);
      const on = (at: 0 | 1, user: string) => person(t, cluster.gateways[at].url, user, { build });
      const [ann, bob] = [await on(0, 'ann'), await on(1, 'bob')];
      const [anns, bobs] = [follow(ann), follow(bob)];
      assert.equal((await ann.act('friend.request', { user: 'bob', note: 'tea?' })).state, 'out');
      await until('bob is asked', () => bobs.includes('friend request ann'));
      assert.equal((await bob.act('friend.accept', { user: 'ann' })).state, 'friend');
      await until('ann is told', () => anns.includes('friend accept bob'));
      assert.equal((await ann.act('friend.request', { user: 'bob' })).state, 'friend');
      assert.equal((await bob.act('friend.remove', { user: 'ann' })).state, 'none');
      await until('ann is told of the end', () => anns.includes('friend remove bob'));
      await bob.act('friend.request', { user: 'ann' });
      await ann.act('friend.request', { user: 'eve' });
      await ann.act('block.add', { user: 'dan' });
      const lists = async () => {
        const [friends, blocked] = [await ann.act('friend.list', {}), await ann.act('block.list', {})];
        return [
          ...friends.items.map(({ user, state }) => `${state} ${user}`),
          ...blocked.items.map(({ user }) => user),
        ];
      };
      const wanted = 'in bob, out eve, dan';
      await until('the lists have all acts', async () => (await lists()).join(', ') === wanted, { state: lists });
      assert.deepEqual(anns.slice(0, 1), ['contact request bob'], 'own acts come to all devices');

      for (let round = 0; round < 10; round++) {
        const [one, two] = [`one-${round}`, `two-${round}`];
        const pair = [await on(0, one), await on(1, two)] as const;
        await Promise.all([pair[0].act('friend.request', { user: two }), pair[1].act('friend.request', { user: one })]);
        const states = await Promise.all([
          pair[0].act('friend.request', { user: two }),
          pair[1].act('friend.request', { user: one }),
        ]);
        assert.deepEqual(
          states.map(({ state }) => state),
          ['friend', 'friend'],
        );
      }
    });

  test('a block and a request race: whatever comes first, they are no friends, and the blocked one sees no block', async t => {
    const cluster = await startCluster(t, backends);
    for (let round = 0; round < 10; round++) {
      const [one, two] = [`ann-${round}`, `bob-${round}`];
      const ann = await person(t, cluster.gateways[0].url, one);
      const bob = await person(t, cluster.gateways[1].url, two);
      if (round % 2 === 0) await ann.act('friend.request', { user: two });
      const [blocked, asked] = await Promise.all([
        ann.act('block.add', { user: two }),
        bob.act('friend.request', { user: one }).catch(({ code }: { readonly code: number }) => ({ state: code })),
      ]);
      assert.deepEqual([blocked.state, blocked.blocked], ['none', true]);
      // A request before the block may have been answered as friendship; afterwards all is as without it.
      assert.ok([103, 'out', 'friend'].includes(asked.state), String(asked.state));
      assert.equal(await ann.code('friend.request', { user: two }), 409);
      const after = await bob.act('friend.remove', { user: one });
      assert.deepEqual([after.state, after.blocked], ['none', false]);
      assert.equal(await bob.code('friend.request', { user: one }), 103);
    }
  });

  test('the gateway that acts is killed once the act is stored: it counts once, and the other is told once', async t => {
    const cluster = await startCluster(t, backends);
    await cluster.stopWorker();
    const [first, second] = cluster.gateways;
    const third = await cluster.spawnGateway();
    const other = await person(t, first.url, 'ann');
    const own = follow(other);
    other.sdk.on('publication', () => third.process.kill());
    const ann = await person(t, third.url, 'ann');
    const bob = await person(t, second.url, 'bob');
    const act = { user: 'bob', id: nextId() };
    const answer = ann.act('friend.request', act).catch(() => null);
    await until('the act came to the other device', () => own.includes('contact request bob'));
    await answer;
    await until('the gateway is gone', () => !third.process.running());
    // No worker: what the gateway has not written is written by the repeat.
    assert.deepEqual(await other.act('friend.request', act), { state: 'out', blocked: false, duplicate: true });
    assert.equal((await bob.act('friend.accept', { user: 'ann' })).state, 'friend');
    await cluster.startWorker();
    const told = async () => (await inboxOf(bob)).filter(({ type }) => type === 'friend');
    await until('bob is told', async () => (await told()).length > 0);
    await cluster.stopWorker();
    await cluster.startWorker();
    await bob.act('friend.remove', { user: 'ann' });
    await until('ann is told', async () => (await inboxOf(other)).some(({ act }) => act === 'remove'));
    assert.equal((await told()).length, 1);
    for (const each of [bob, other]) assert.deepEqual(repeatedIn(await inboxOf(each)), []);
  });

  test('what no gateway wrote is written by the worker', async t => {
    const cluster = await startCluster(t, backends);
    await cluster.publishContact('ann', 'request', 'bob');
    const bob = await person(t, cluster.gateways[0].url, 'bob');
    await until('bob may accept', async () => (await bob.code('friend.accept', { user: 'ann' })) === 0);
  });

  test('a decline, a block and an unblock reach no client of the other user: not live, in a recovery or in the history', async t => {
    const cluster = await startCluster(t, backends);
    const ann = await person(t, cluster.gateways[0].url, 'ann');
    const bob = await person(t, cluster.gateways[1].url, 'bob');
    const bobs = follow(bob);
    await bob.act('friend.request', { user: 'ann' });
    const types = async () => (await cluster.inbox('bob')).map(entry => (entry as { type: string }).type);
    const pairs = async (count: number) =>
      await until(`gateways are told ${count} times`, async () => {
        return (await types()).filter(type => type === 'pair').length === count;
      });
    await ann.act('friend.decline', { user: 'bob' });
    await pairs(1);
    assert.equal((await bob.act('friend.request', { user: 'ann' })).state, 'out');
    bob.sdk.disconnect();
    await ann.act('block.add', { user: 'bob' });
    await ann.act('block.remove', { user: 'bob' });
    await pairs(3);
    bob.sdk.connect();
    await bob.sdk.ready();
    await ann.act('friend.accept', { user: 'bob' });
    await until('bob is told of the friendship', () => bobs.includes('friend accept ann'));
    assert.deepEqual(bobs, ['contact request ann', 'friend accept ann']);
    const late = await person(t, cluster.gateways[0].url, 'bob');
    assert.deepEqual((await late.act('message.list', { room: 'user:bob' })).items, []);
    assert.deepEqual(
      (await inboxOf(late)).map(({ type }) => type),
      ['contact', 'friend'],
    );
    assert.equal(await stateOf(late, 'ann'), 'friend');
  });

  test('POLICY that was wiped is filled with friends and blocks again, also with those that LOG does not have any more', async t => {
    const env = { CHAT_HOT_WINDOW_SECONDS: '0', CHAT_DEDUPE_SECONDS: '10', CHAT_PURGE_SECONDS: '1' };
    const cluster = await startCluster(t, backends, { env });
    const ann = await person(t, cluster.gateways[0].url, 'ann');
    const bob = await person(t, cluster.gateways[1].url, 'bob');
    await until('POLICY is complete', async () => await cluster.policyComplete());
    await ann.act('friend.request', { user: 'bob' });
    await bob.act('friend.accept', { user: 'ann' });
    await ann.act('block.add', { user: 'eve' });
    const last = Math.max(await cluster.lastOffset('user:ann'), await cluster.lastOffset('user:bob'));
    await until('LOG lacks the acts', async () => {
      const firsts = [await cluster.firstOffset('user:ann'), await cluster.firstOffset('user:bob')];
      return (
        firsts.every(first => first > 1) && (await cluster.collection('contacts').countDocuments()) === 4 && last > 0
      );
    });
    await cluster.stopWorker();
    await cluster.wipePolicy();
    // Before it is filled MongoDB is asked.
    assert.equal((await bob.act('friend.request', { user: 'ann' })).state, 'friend');
    await cluster.startWorker();
    await until('POLICY is filled', async () => await cluster.policyComplete());
    await cluster.restartGateways();
    const again = await person(t, cluster.gateways[0].url, 'ann');
    assert.equal((await again.act('friend.request', { user: 'bob' })).state, 'friend');
    assert.equal(await again.code('friend.request', { user: 'eve' }), 409);
  });
});

test('while MongoDB is away, friends and blocks go on', {
  skip: !backends.mongo.controllable && 'the MongoDB of MONGODB_URI cannot be stopped from here',
}, async t => {
  const cluster = await startCluster(t, backends);
  await until('POLICY is complete', async () => await cluster.policyComplete());
  const ann = await person(t, cluster.gateways[0].url, 'ann');
  const bob = await person(t, cluster.gateways[1].url, 'bob');
  const bobs = follow(bob);
  await backends.mongo.stop();
  t.after(() => backends.mongo.start());
  const act = { user: 'bob', id: nextId() };
  await ann.act('friend.request', act);
  assert.deepEqual(await ann.act('friend.request', act), { state: 'out', blocked: false, duplicate: true });
  await until('bob is asked', () => bobs.includes('friend request ann'));
  assert.equal((await bob.act('friend.accept', { user: 'ann' })).state, 'friend');
  assert.equal(await bob.code('friend.list', {}), 100);
  await ann.act('block.add', { user: 'bob' });
  assert.equal(await bob.code('friend.request', { user: 'ann' }), 103);
  await ann.act('block.remove', { user: 'bob' });
  assert.equal((await bob.act('friend.request', { user: 'ann' })).state, 'out');
});
