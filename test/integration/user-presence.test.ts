import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { ResultOf } from '../../client/verbs.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { type Person, person } from '../support/chat/person.ts';

const backends = await startBackends({ after });
const cluster = await startCluster({ after }, backends);
await until('POLICY lacks nothing', () => cluster.policyComplete());

type State = ResultOf<'presence.watch'>['states'][number];

/** A user who watches others, and the last state of each. */
async function watcher(t: TestContext, url: string, user: string, users: readonly string[]) {
  const who = await person(t, url, user);
  const seen = new Map<string, State>();
  const pushes: State[] = [];
  who.sdk.on('message', ({ data }) => {
    const { type, ...state } = who.value(data) as State & { readonly type: string };
    if (type !== 'presence') return;
    seen.set(state.user, state);
    pushes.push(state);
  });
  const watch = async () => {
    const { states } = await who.act('presence.watch', { users });
    for (const state of states) seen.set(state.user, state);
    return states;
  };
  await who.connected();
  await watch();
  const sees = (of: string, state: State['state']) =>
    until(`${user} sees that ${of} is ${state}`, () => seen.get(of)?.state === state);
  return { who, watch, sees, seen, pushes };
}

const befriend = async (one: Person, other: Person) => {
  await one.act('friend.request', { user: other.user });
  await other.act('friend.accept', { user: one.user });
};
const [first, second] = cluster.gateways;

test('a friend is active while one device is in front of the user, away while none is, and offline without devices', async t => {
  const phone = await person(t, first.url, 'bob');
  const laptop = await person(t, second.url, 'bob');
  const ann = await watcher(t, second.url, 'ann', ['bob', 'nobody']);
  assert.deepEqual(await ann.watch(), [
    { user: 'bob', state: 'offline' },
    { user: 'nobody', state: 'offline' },
  ]);
  await befriend(phone, ann.who);
  await ann.sees('bob', 'active');
  await phone.act('client.state', { state: 'background' });
  await laptop.act('client.state', { state: 'background' });
  await ann.sees('bob', 'away');
  await phone.act('client.state', { state: 'active' });
  await ann.sees('bob', 'active');
  phone.sdk.disconnect();
  await ann.sees('bob', 'away');
  laptop.sdk.disconnect();
  await ann.sees('bob', 'offline');
  const seenAt = ann.seen.get('bob')?.lastSeen ?? 0;
  assert.equal(seenAt % 60_000, 0);
  assert.ok(Math.abs(Date.now() - seenAt) < 120_000, `${seenAt}`);
  const other = await person(t, first.url, 'ann');
  await until('a gateway that has not watched bob knows it too', async () => {
    const { states } = await other.act('presence.watch', { users: ['bob'] });
    return Math.abs((states[0]?.lastSeen ?? 0) - seenAt) <= 60_000;
  });
  phone.sdk.connect();
  await ann.sees('bob', 'active');
  assert.ok(ann.pushes.every(({ user }) => user === 'bob'));
});

test('a user who becomes invisible, allows nobody or blocks a watcher is offline for the watcher, and comes back', async t => {
  const bob = await person(t, first.url, 'bill');
  const ann = await watcher(t, second.url, 'anna', ['bill']);
  await befriend(bob, ann.who);
  await ann.sees('bill', 'active');
  for (const hide of [{ invisible: true }, { privacy: { presence: 'nobody' } }] as const) {
    await bob.act('settings.set', hide);
    await ann.sees('bill', 'offline');
    const isInvisible = 'invisible' in hide;
    assert.equal('lastSeen' in (ann.seen.get('bill') ?? {}), isInvisible, 'the push is as for one who is offline');
    const [shown] = await ann.watch();
    assert.deepEqual([shown?.state, 'lastSeen' in (shown ?? {})], ['offline', isInvisible]);
    const show = 'invisible' in hide ? { invisible: false } : { privacy: { presence: 'friends' as const } };
    await bob.act('settings.set', show);
    await ann.sees('bill', 'active');
  }
  const own = await bob.act('presence.watch', { users: ['bill'] });
  assert.deepEqual(own.states, [{ user: 'bill', state: 'active' }]);
  await bob.act('block.add', { user: 'anna' });
  await ann.sees('bill', 'offline');
  assert.deepEqual(await bob.act('presence.watch', { users: ['anna'] }), {
    states: [{ user: 'anna', state: 'offline' }],
  });
});

test('members of a small room see each other, and the setting for friends leaves them out', async t => {
  const owner = await person(t, first.url, 'owner');
  await owner.act('room.create', { kind: 'group', name: 'Tea', members: ['mia'] });
  const mia = await watcher(t, second.url, 'mia', ['owner']);
  await until('mia sees the owner', async () => (await mia.watch())[0]?.state === 'active');
  await owner.act('settings.set', { privacy: { presence: 'friends' } });
  await mia.sees('owner', 'offline');
});

test('what a client in the background misses it gets when it is back, and what is not watched any more not at all', async t => {
  const dan = await person(t, first.url, 'dan');
  const eve = await watcher(t, second.url, 'eve', ['dan']);
  await befriend(dan, eve.who);
  await eve.sees('dan', 'active');
  await eve.who.act('client.state', { state: 'background' });
  const before = eve.pushes.length;
  await dan.act('client.state', { state: 'background' });
  const other = await watcher(t, second.url, 'eve', ['dan']);
  await until('another device sees it', () => other.seen.get('dan')?.state === 'away');
  assert.equal(eve.pushes.length, before);
  await eve.who.act('client.state', { state: 'active' });
  await eve.sees('dan', 'away');
  await eve.who.act('presence.unwatch', { users: ['dan'] });
  const last = eve.pushes.length;
  await dan.act('client.state', { state: 'active' });
  await other.sees('dan', 'active');
  assert.equal(eve.pushes.length, last);
});

test('a connection watches at most 200 users', async t => {
  const who = await person(t, first.url, 'greedy');
  const users = (from: number, count: number) => Array.from({ length: count }, (_, i) => `u${from + i}`);
  await who.act('presence.watch', { users: users(0, 200) });
  assert.equal(await who.code('presence.watch', { users: users(200, 1) }), 106);
  await who.act('presence.unwatch', { users: users(0, 1) });
  await who.act('presence.watch', { users: users(200, 1) });
});

test('the users of a killed gateway are offline soon unless they are connected elsewhere', async t => {
  const third = await cluster.spawnGateway();
  const [lost, kept] = [await person(t, third.url, 'lost'), await person(t, third.url, 'kept')];
  const other = await person(t, first.url, 'kept');
  await other.act('client.state', { state: 'background' });
  const ann = await watcher(t, second.url, 'abe', ['lost', 'kept']);
  for (const each of [lost, kept]) await befriend(each, ann.who);
  await ann.sees('lost', 'active');
  await ann.sees('kept', 'active');
  const killed = Date.now();
  await third.process.kill();
  await ann.sees('lost', 'offline');
  await ann.sees('kept', 'away');
  t.diagnostic(`${Date.now() - killed} ms after the kill`);
});

test('an invisible user is in no presence, count, join or leave of rooms but for the own ones, and comes and goes as the setting changes', async t => {
  const room = 'channel:hall';
  const ghost = await person(t, first.url, 'ghost');
  const own = await ghost.subscribe(room);
  const news: string[] = [];
  const open = async (url: string, user: string) => {
    const who = await person(t, url, user);
    const subscription = who.sdk.newSubscription(room, { joinLeave: true });
    subscription.on('join', ({ info }) => info.user === 'ghost' && news.push(`${user} join`));
    subscription.on('leave', ({ info }) => info.user === 'ghost' && news.push(`${user} leave`));
    subscription.subscribe();
    await subscription.ready(10_000);
    return subscription;
  };
  const watchers = [await open(first.url, 'gil'), await open(second.url, 'gus')];
  const listed = async (of: (typeof watchers)[number]) =>
    Object.values((await of.presence()).clients)
      .map(({ user }) => user)
      .toSorted();
  const counts = async (of: (typeof watchers)[number]) => {
    const { numClients, numUsers } = await of.presenceStats();
    return [numClients, numUsers];
  };
  const all = ['ghost', 'gil', 'gus'];
  for (const each of watchers) await until('the ghost is there', async () => (await listed(each)).length === 3);
  await ghost.act('settings.set', { invisible: true });
  for (const user of ['gil', 'gus']) await until(`${user} sees a leave`, () => news.includes(`${user} leave`));
  for (const each of watchers) {
    await until('the ghost is gone', async () => (await listed(each)).length === 2);
    await until('the ghost is not counted', async () => (await counts(each)).every(count => count === 2));
  }
  assert.deepEqual(await listed(own), all);
  assert.deepEqual(await counts(own), [3, 3]);
  // On a new connection too, from its first moment on.
  const before = news.length;
  ghost.sdk.disconnect();
  ghost.sdk.connect();
  await own.ready(10_000);
  const third = await open(second.url, 'gus');
  assert.deepEqual(await listed(third), ['gil', 'gus', 'gus']);
  assert.equal(news.length, before);
  await ghost.act('settings.set', { invisible: false });
  for (const user of ['gil', 'gus']) await until(`${user} sees a join`, () => news.includes(`${user} join`));
  for (const each of watchers) await until('the ghost is back', async () => (await listed(each)).includes('ghost'));
});
