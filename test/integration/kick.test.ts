import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Subscription } from 'centrifuge';
import type { ParamsOf, ResultOf, VerbName } from '../../client/verbs.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, type Client, nextId, openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });

const call = async <V extends VerbName>(client: Client, verb: V, params: Omit<ParamsOf<V>, 'id'>) =>
  (await client.rpc(verb, { id: nextId(), ...params })) as ResultOf<V>;

/** Entries of a room as one client gets them. */
async function follow(client: Client, room: string) {
  const subscription = await client.subscribe(room);
  const entries: { readonly offset: number; readonly data: { readonly type: string; readonly text?: string } }[] = [];
  const ends: number[] = [];
  subscription.on(
    'publication',
    ({ offset = 0, data }) => void entries.push({ offset, data: client.value(data) as never }),
  );
  subscription.on('unsubscribed', ({ code }) => void ends.push(code));
  return { subscription, entries, ends };
}

/** Subscribes from a position. @returns the error's code, or what was recovered */
async function resume(client: Client, room: string, since: { offset: number; epoch: string }) {
  const before = client.sdk.getSubscription(room);
  if (before) client.sdk.removeSubscription(before);
  const subscription: Subscription = client.sdk.newSubscription(room, { since });
  const recovered: number[] = [];
  subscription.on('publication', ({ offset = 0 }) => void recovered.push(offset));
  const ended = new Promise<number>(resolve => subscription.on('unsubscribed', ({ code }) => resolve(code)));
  subscription.on('error', () => undefined);
  subscription.subscribe();
  const code = await Promise.race([ended, subscription.ready(60_000).then(() => 0)]);
  return { code, recovered };
}

/** Sends messages one after another until told to stop. @returns what happened to each */
function stream(client: Client, room: string, name: string) {
  let stopped = false;
  const stored: number[] = [];
  const refused: number[] = [];
  const done = (async () => {
    for (let index = 0; !stopped; index++)
      await client.send(room, `${name} ${index}`).then(
        ({ offset }) => void stored.push(offset),
        (error: { code: number }) => void refused.push(error.code),
      );
  })();
  return {
    stored,
    refused,
    stop: async () => {
      stopped = true;
      await done;
    },
  };
}

const env = { CHAT_MESSAGES_PER_SECOND_PER_ROOM: '100000' };

describe('kicks and bans', { concurrency: 3 }, () => {
  for (const build of BUILDS)
    test(`${build}: a member on three gateways who is kicked in a stream of messages gets the same last entry on each, and nothing later`, async t => {
      const cluster = await startCluster(t, backends, { env });
      const third = await cluster.spawnGateway();
      const urls = [...cluster.gateways.map(({ url }) => url), third.url];
      const open = (user: string) => Promise.all(urls.map(url => openClient(t, url, { build, user })));
      const [ann, bob, eve] = [await open('ann'), await open('bob'), await open('eve')];
      const at = (clients: readonly Client[], index: number) => clients[index] ?? assert.fail();
      const { room } = await call(at(ann, 0), 'room.create', { kind: 'group', name: 'Tea', members: ['bob', 'eve'] });
      const kickedReaders = await Promise.all(bob.map(client => follow(client, room)));
      const others = await Promise.all(eve.map(client => follow(client, room)));
      const writers = [
        stream(at(bob, 0), room, 'bob'),
        stream(at(bob, 2), room, 'bob too'),
        stream(at(eve, 1), room, 'eve'),
      ];
      await until('messages flow', () => others.every(({ entries }) => entries.length > 50));
      const resumable = {
        offset: kickedReaders[1]?.entries[3]?.offset ?? 0,
        epoch: (await at(eve, 0).sdk.history(room)).epoch,
      };
      await call(at(ann, 1), 'room.kick', { room, user: 'bob' });
      await until('they are told', () => kickedReaders.every(({ ends }) => ends.length > 0));
      const count = others.map(({ entries }) => entries.length);
      await until('others go on', () =>
        others.every(({ entries }, index) => entries.length > (count[index] ?? 0) + 20),
      );
      await Promise.all(writers.map(writer => writer.stop()));
      const last = (await call(at(eve, 0), 'message.send', { room, text: 'the end' })).offset;
      await until('others have all', () => others.every(({ entries }) => entries.at(-1)?.offset === last));

      const [first, ...more] = others.map(({ entries }) => entries.map(({ offset }) => offset));
      for (const offsets of more) assert.deepEqual(offsets.slice(-50), first?.slice(-50));
      const kick = others[0]?.entries.find(
        ({ data }) => data.type === 'member' && (data as { act?: string }).act === 'kick',
      );
      assert.ok(kick);
      for (const { entries, ends } of kickedReaders) {
        assert.deepEqual([entries.at(-1)?.offset, ends], [kick.offset, [2100]]);
        const expected: number[] | undefined = first?.filter(
          offset => offset <= kick.offset && offset >= (entries[0]?.offset ?? 0),
        );
        assert.deepEqual(
          entries.map(({ offset }) => offset),
          expected,
        );
      }
      const late = others[0]?.entries.filter(
        ({ offset, data }) => offset > kick.offset && data.text?.startsWith('bob'),
      );
      assert.deepEqual(late, [], 'messages of the kicked user after the kick');
      for (const writer of writers.slice(0, 2)) assert.equal(writer.refused.at(-1), 103);

      for (const client of bob) {
        const { code, recovered } = await resume(client, room, resumable);
        assert.deepEqual([code, recovered], [103, []]);
        await assert.rejects(client.sdk.history(room, { limit: 10 }), { code: 103 });
      }
      const inboxes = async () =>
        (await at(bob, 0).sdk.history('user:bob', { limit: -1 })).publications.map(({ data }) =>
          at(bob, 0).value(data),
        );
      await until('the user is told', async () =>
        (await inboxes()).some(entry => (entry as { act?: string }).act === 'kick'),
      );
    });

  test('a user who was never a member is banned from an open channel: cut at one entry on two gateways, and refused on both', async t => {
    const cluster = await startCluster(t, backends, { env });
    const urls = cluster.gateways.map(({ url }) => url);
    const ann = await openClient(t, urls[0] ?? '', { user: 'ann' });
    const { room } = await call(ann, 'room.create', { kind: 'channel', name: 'Tea' });
    const banned = await Promise.all(urls.map(url => openClient(t, url, { user: 'bob' })));
    const others = await Promise.all(urls.map(url => openClient(t, url, { user: 'eve' })));
    const readers = await Promise.all(banned.map(client => follow(client, room)));
    const witnesses = await Promise.all(others.map(client => follow(client, room)));
    const { offset: first, epoch } = await ann.send(room, 'before');
    await until('all have it', () => [...readers, ...witnesses].every(({ entries }) => entries.length > 0));
    await call(ann, 'room.ban', { room, user: 'bob' });
    await until('they are told', () => readers.every(({ ends }) => ends.length > 0));
    const { offset: last } = await ann.send(room, 'after');
    await until('others go on', () => witnesses.every(({ entries }) => entries.at(-1)?.offset === last));
    const ban = witnesses[0]?.entries.find(({ data }) => (data as { act?: string }).act === 'ban');
    assert.ok(ban);
    for (const { entries, ends } of readers) assert.deepEqual([entries.at(-1)?.offset, ends], [ban.offset, [2100]]);
    for (const client of banned) {
      assert.deepEqual(await resume(client, room, { offset: first - 1, epoch }), { code: 103, recovered: [] });
      await assert.rejects(client.sdk.history(room, { limit: 10 }), { code: 103 });
      await assert.rejects(client.send(room, 'banned'), { code: 103 });
      await assert.rejects(client.rpc('message.list', { room }), { code: 103 });
    }
    await call(ann, 'room.unban', { room, user: 'bob' });
    for (const client of banned) await until('the user may write', () => client.send(room, 'back').catch(() => false));
  });

  test('the gateway that acts dies after the commit: others know of the kick, and a worker writes it', async t => {
    const cluster = await startCluster(t, backends, { env });
    const [first, second] = cluster.gateways;
    const ann = await openClient(t, first.url, { user: 'ann' });
    const bob = await openClient(t, second.url, { user: 'bob' });
    const { room } = await call(ann, 'room.create', { kind: 'group', name: 'Tea', members: ['bob'] });
    // The entry alone, as a gateway leaves it that ends between the commit and POLICY.
    await cluster.publishControl(room, 2, { act: 'kick', user: 'bob' }, 'ann');
    const { code } = await resume(bob, room, { offset: 0, epoch: '' });
    assert.equal(code, 103);
    await until('POLICY has the version', async () => (await cluster.policy({ room }))?.cv === 2);
  });

  test('POLICY is wiped while a group goes on: it is filled again with the same, and nobody is told twice', async t => {
    const cluster = await startCluster(t, backends, { env });
    const [first, second] = cluster.gateways;
    const ann = await openClient(t, first.url, { user: 'ann' });
    const { room } = await call(ann, 'room.create', { kind: 'group', name: 'Tea', members: ['bob', 'eve'] });
    await call(ann, 'room.kick', { room, user: 'bob' });
    await until('the user is told', async () => (await cluster.inbox('bob')).length === 2);
    const before = await until('POLICY has it', async () => await cluster.policy({ room }));
    await until(
      'MongoDB has it',
      async () => (await cluster.collection('rooms').findOne({ _id: room as never }))?.['cv'] === 2,
    );
    await cluster.wipePolicy();
    await ann.send(room, 'meanwhile');
    const eve = await openClient(t, second.url, { user: 'eve' });
    await until(
      'a member is let in',
      async () =>
        await eve.subscribe(room).then(
          () => true,
          () => false,
        ),
    );
    await until('POLICY has it again', async () => (await cluster.policy({ room }))?.cv === 2);
    assert.deepEqual(await cluster.policy({ room }), before);
    await until('POLICY is complete', async () => await cluster.policyComplete());
    assert.equal((await cluster.inbox('bob')).length, 2);
    const bob = await openClient(t, second.url, { user: 'bob' });
    assert.equal((await resume(bob, room, { offset: 0, epoch: '' })).code, 103);
  });
});

test('MongoDB is away: connect, subscribe, send, kick and the promotion of an heir go on', async t => {
  if (!backends.mongo.controllable) return t.skip('this MongoDB cannot be stopped');
  const cluster = await startCluster(t, backends, { env });
  const [first, second] = cluster.gateways;
  const ann = await openClient(t, first.url, { user: 'ann' });
  const { room } = await call(ann, 'room.create', { kind: 'group', name: 'Tea', members: ['bob', 'eve'] });
  await until('POLICY is complete', async () => await cluster.policyComplete());
  await backends.mongo.stop();
  t.after(() => backends.mongo.start());
  const eve = await openClient(t, second.url, { user: 'eve' });
  const reader = await follow(eve, room);
  await ann.send(room, 'hello');
  await call(ann, 'room.kick', { room, user: 'bob' });
  await call(ann, 'room.leave', { room });
  await until('eve has all', () => reader.entries.length === 3);
  const got = await call(eve, 'room.get', { room });
  assert.deepEqual([got.me.role, got.members], ['owner', 1]);
  const { room: other } = await call(eve, 'room.create', { kind: 'group', name: 'Coffee' });
  await eve.subscribe(other);
});
