import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { person } from '../support/chat/person.ts';

const backends = await startBackends({ after });

/** Pairs of users of whom both open their room at the same moment. */
const PAIRS = 25;

/** Starts a ChatCluster, and waits until blocks can be known. */
async function startFilled(t: TestContext) {
  const cluster = await startCluster(t, backends, { env: { CHAT_DIRECT_ROOMS_PER_DAY: '100' } });
  await until('POLICY lacks nothing', () => cluster.policyComplete());
  return cluster;
}

for (const build of BUILDS)
  test(`${build}: two who open their room at the same moment on two gateways have one room, and one entry made it`, async t => {
    const cluster = await startFilled(t);
    const [first, second] = cluster.gateways;
    const ann = await person(t, first.url, 'ann', { build });
    const others = await Promise.all(
      Array.from({ length: PAIRS }, (_, index) => person(t, second.url, `user-${index}`, { build })),
    );
    await Promise.all([ann, ...others].map(each => each.connected()));
    const rooms = new Set<string>();
    for (const other of others) {
      const [own, theirs] = await Promise.all([
        ann.act('dm.open', { user: other.user }),
        other.act('dm.open', { user: 'ann' }),
      ]);
      assert.deepEqual(own, theirs);
      rooms.add(own.room);
      const { cv, user, members, me } = await ann.act('room.get', own);
      assert.deepEqual({ cv, user, members }, { cv: 1, user: other.user, members: 2 });
      assert.deepEqual(me.can, ['read', 'write']);
    }
    assert.equal(rooms.size, PAIRS);

    const [bob] = others as [(typeof others)[number]];
    const { room } = await bob.act('dm.open', { user: 'ann' });
    const heard: unknown[] = [];
    const subscription = await bob.subscribe(room);
    subscription.on('publication', ({ data }) => heard.push((bob.value(data) as { readonly text?: string }).text));
    await ann.send(room, 'hello');
    await until('bob hears ann', () => heard.includes('hello'));
    await bob.send(room, 'hello, ann');
    const { items } = (await ann.rpc('message.list', { room })) as { readonly items: readonly { text: string }[] };
    assert.deepEqual(
      items.map(({ text }) => text),
      ['hello', 'hello, ann'],
    );
    const eve = await person(t, second.url, 'eve', { build });
    assert.equal(await eve.code('room.get', { room }), 103);
    await assert.rejects(eve.send(room, 'hello'), { code: 103 });

    // Gateways that know nothing of it yet name the same room, also while no worker folds.
    await cluster.stopWorker();
    await cluster.restartGateways();
    const again = await person(t, cluster.gateways[0].url, 'ann', { build });
    assert.equal((await again.act('dm.open', { user: bob.user })).room, room);
    assert.equal((await again.act('room.get', { room })).cv, 1);
  });

test('both are told of their room with its first message, once, and have it in their lists under the name of the other', async t => {
  const cluster = await startFilled(t);
  const [first, second] = cluster.gateways;
  const [ann, bob] = [await person(t, first.url, 'ann'), await person(t, second.url, 'bob')];
  const told: unknown[] = [];
  bob.sdk.on('publication', ({ channel, data }) => void (channel === 'user:bob' && told.push(bob.value(data))));
  await bob.connected();
  const lists = async () =>
    await Promise.all(
      [ann, bob].map(async each =>
        (await each.act('room.list', {})).items.map(({ room, user, last }) => [room, user, last?.text]),
      ),
    );
  const { room } = await ann.act('dm.open', { user: 'bob' });
  await until('workers have noted the room', async () => (await cluster.digest(room))?.countable === 0);
  assert.deepEqual(await lists(), [[], []]);

  await ann.send(room, 'hello');
  await until('bob is told', () => told.length > 0);
  const { id: _, time: __, ...notice } = told[0] as Readonly<Record<string, unknown>>;
  assert.deepEqual(notice, { type: 'dm', room, user: 'ann' });
  assert.deepEqual(await lists(), [[[room, 'bob', 'hello']], [[room, 'ann', 'hello']]]);

  // Another worker, and one that knows nothing of the rooms before.
  await bob.send(room, 'hello, ann');
  await cluster.stopWorker();
  await cluster.wipeLast();
  await ann.send(room, 'how are you?');
  await cluster.startWorker();
  const { offset } = await bob.send(room, 'fine');
  await until('workers have noted the last message', async () => (await cluster.digest(room))?.countable === offset);
  assert.equal(told.length, 1);
  const types = (await cluster.inbox('ann')).map(entry => (entry as { readonly type: string }).type);
  assert.deepEqual(types, ['dm']);
});
