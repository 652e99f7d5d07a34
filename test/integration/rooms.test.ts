import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ParamsOf, ResultOf, VerbName } from '../../client/verbs.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, type Client, nextId, openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const cluster = await startCluster({ after }, await startBackends({ after }));
const [first, second] = cluster.gateways;

const call = async <V extends VerbName>(client: Client, verb: V, params: Omit<ParamsOf<V>, 'id'>) =>
  (await client.rpc(verb, { id: nextId(), ...params })) as ResultOf<V>;

for (const build of BUILDS)
  test(`${build}: staff on two gateways act on a room at once: each act counts once, and MongoDB has the members`, async t => {
    const ann = await openClient(t, first.url, { build, user: 'ann' });
    const bob = await openClient(t, second.url, { build, user: 'bob' });
    const users = Array.from({ length: 12 }, (_, i) => `u${String(i).padStart(2, '0')}`);
    const { room } = await call(ann, 'room.create', { kind: 'group', name: 'Tea', members: ['bob', ...users] });
    await call(ann, 'room.role', { room, user: 'bob', role: 'moderator' });
    const kicked = users.slice(0, 6);
    const acts = await Promise.all(kicked.map((user, i) => call(i % 2 === 0 ? ann : bob, 'room.kick', { room, user })));
    assert.deepEqual(acts.map(({ cv }) => cv).toSorted(), [3, 4, 5, 6, 7, 8]);
    const expected = ['ann', 'bob', ...users.slice(6)];
    const seen = await call(bob, 'room.members', { room });
    assert.deepEqual(
      seen.users.map(({ user }) => user),
      expected,
    );
    const got = await call(ann, 'room.get', { room });
    assert.deepEqual([got.members, got.cv, got.me.role], [expected.length, 8, 'owner']);
    const stored = async () =>
      (await cluster.collection('members').find({ room, state: 'member' }).sort({ key: 1 }).toArray()).map(({ user }) =>
        String(user),
      );
    await until('MongoDB has the members', async () => (await stored()).join() === expected.join(), { state: stored });
  });

test('rooms of a kind are found on another gateway', async t => {
  const ann = await openClient(t, first.url, { user: 'ann' });
  const eve = await openClient(t, second.url, { user: 'eve' });
  const { room } = await call(ann, 'room.create', { kind: 'channel', name: 'Green tea' });
  const found = async () =>
    (await call(eve, 'room.discover', { kind: 'channel', q: 'green' })).items.map(({ room: name }) => name);
  await until('it is in the list', async () => (await found()).includes(room), { state: found });
});
