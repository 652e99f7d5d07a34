import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ParamsOf, ResultOf, VerbName } from '../../client/verbs.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, type Client, nextId, openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const HALL = { access: 'Members', join: 'Anyone', maxMembers: 0 };
const FORUM = { access: 'Open', write: 'Members' };
const cluster = await startCluster({ after }, await startBackends({ after }), {
  env: { CHAT_ROOM_RULES: JSON.stringify({ hall: HALL, forum: FORUM }) },
});
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

test('an own join counts on every gateway as soon as it is answered', async t => {
  const ann = await openClient(t, second.url, { user: 'ann' });
  const bob = await openClient(t, first.url, { user: 'bob' });
  const other = await openClient(t, second.url, { user: 'bob' });
  for (let round = 0; round < 5; round++) {
    const { room } = await call(ann, 'room.create', { kind: 'forum', name: 'Tea' });
    await assert.rejects(call(other, 'message.send', { room, text: 'not yet' }), { code: 103 });
    await call(bob, 'room.join', { room });
    for (const client of [bob, other]) {
      assert.equal((await call(client, 'message.send', { room, text: 'hello' })).duplicate, false);
      assert.ok((await call(client, 'room.list', {})).items.some(item => item.room === room));
    }
    await call(ann, 'room.mute', { room, user: 'bob', until: Date.now() + 60_000 });
    await call(ann, 'room.mute', { room, user: 'bob', until: 0 });
    assert.equal((await call(bob, 'room.get', { room })).me.state, 'member');
    assert.equal((await call(bob, 'message.send', { room, text: 'again' })).duplicate, false);
    await call(ann, 'room.kick', { room, user: 'bob' });
    await assert.rejects(call(other, 'message.send', { room, text: 'any more' }), { code: 103 });
    await call(other, 'room.join', { room });
    assert.equal((await call(bob, 'message.send', { room, text: 'back' })).duplicate, false);
    await call(bob, 'room.leave', { room });
    for (const client of [bob, other])
      assert.ok(!(await call(client, 'room.list', {})).items.some(item => item.room === room));
  }
});

test('a user lists the own rooms on another gateway as soon as the act is answered, until the room ends', async t => {
  const ann = await openClient(t, first.url, { user: 'ann' });
  const mia = await openClient(t, second.url, { user: 'mia' });
  const list = async () => (await call(mia, 'room.list', {})).items.map(({ room, name, state }) => [room, name, state]);
  const { room } = await call(ann, 'room.create', { kind: 'group', name: 'Tea', members: ['mia'] });
  assert.deepEqual(await list(), [[room, 'Tea', 'member']]);
  const invited = await call(ann, 'room.create', { kind: 'group', name: 'Cake' });
  await call(ann, 'room.invite', { room: invited.room, users: ['mia'] });
  assert.deepEqual(
    (await list()).find(([name]) => name === invited.room),
    [invited.room, 'Cake', 'invited'],
  );
  await call(ann, 'room.delete', { room });
  await call(mia, 'room.decline', { room: invited.room });
  assert.deepEqual(await list(), []);
});

test('a list of rooms has the last messages and the role of the user, and no text that is gone', async t => {
  const ann = await openClient(t, first.url, { user: 'ann' });
  const ida = await openClient(t, second.url, { user: 'ida' });
  const own = async (room: string) => (await call(ida, 'room.list', {})).items.find(item => item.room === room);
  const newest = async (room: string) => (await call(ida, 'message.list', { room, limit: 1 })).items[0];
  const rooms: string[] = [];
  for (const name of ['one', 'two', 'three'])
    rooms.push((await call(ann, 'room.create', { kind: 'group', name, members: ['ida'] })).room);
  const [room = '', quiet = '', empty = ''] = rooms;
  const id = nextId();
  await call(ann, 'message.send', { room: quiet, text: 'nothing else happens here' });
  const { offset: target } = (await ann.rpc('message.send', { room, id, text: 'secret one' })) as { offset: number };
  const check = async (text: string | undefined) => {
    const [listed, message] = [await own(room), await newest(room)];
    assert.deepEqual([listed?.role, listed?.last?.text, listed?.last?.offset], ['member', text, target]);
    assert.deepEqual([listed?.last?.id, listed?.last?.deleted], [message?.id, message?.deleted]);
    assert.equal((await own(quiet))?.last?.text, 'nothing else happens here');
    assert.equal((await own(empty))?.last, null);
  };
  /** Checks at once, and again once workers have noted everything. */
  const checkTwice = async (text: string | undefined) => {
    await check(text);
    const noted = async () => (await Promise.all(rooms.map(name => cluster.isNoted(name)))).every(Boolean);
    await until('workers have noted it', noted);
    await check(text);
  };
  await checkTwice('secret one');
  await call(ann, 'message.edit', { room, target, of: id, text: 'secret two' });
  await checkTwice('secret two');
  await call(ann, 'message.delete', { room, targets: [{ target, of: id }] });
  await checkTwice(undefined);
  await call(ann, 'room.kick', { room: quiet, user: 'ida' });
  assert.equal(await own(quiet), undefined);
});

test('a room above 1,000 members lists them all by pages, while others join and leave', async t => {
  const ann = await openClient(t, first.url, { user: 'ann' });
  const bob = await openClient(t, second.url, { user: 'u0500' });
  const users = Array.from({ length: 1_050 }, (_, i) => `u${String(i).padStart(4, '0')}`);
  const { room } = await call(ann, 'room.create', { kind: 'hall' });
  for (let from = 0; from < users.length; from += 100)
    await call(ann, 'room.add', { room, users: users.slice(from, from + 100) });
  await call(ann, 'room.role', { room, user: 'u0007', role: 'moderator' });
  const stored = async () => {
    const members = cluster.collection('members');
    const filter = { room, state: 'member' };
    return [await members.countDocuments(filter), await members.countDocuments({ ...filter, rank: 'moderator' })];
  };
  await until('MongoDB has all', async () => (await stored()).join() === '1051,1', { state: stored });
  const seen: string[] = [];
  for (let cursor: string | undefined, page = 0; page === 0 || cursor !== undefined; page++) {
    const given = { room, limit: 250, ...(cursor === undefined ? {} : { cursor }) };
    const answer = await call(bob, 'room.members', given);
    seen.push(...answer.users.map(({ user }) => user));
    cursor = answer.cursor;
    await call(ann, 'room.kick', { room, user: users[page * 10 + 11] ?? '' });
    await call(ann, 'room.add', { room, users: [`u0000-${page}`] });
  }
  assert.deepEqual(seen.slice(0, 3), ['ann', 'u0007', 'u0000']);
  assert.equal(new Set(seen).size, seen.length);
  const kicked = new Set(users.filter((_, i) => i >= 11 && (i - 11) % 10 === 0).slice(0, 5));
  for (const user of users) assert.ok(seen.includes(user) || kicked.has(user), `${user} is in the list`);
  const got = await call(bob, 'room.get', { room });
  assert.deepEqual([got.me.state, got.members], ['member', 1_051]);
});
