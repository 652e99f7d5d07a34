import assert from 'node:assert/strict';
import { after, describe, type TestContext, test } from 'node:test';
import { directRoom } from '../../server/membership/direct-room.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, type Build, nextId } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { type Cluster, startCluster } from '../support/chat/local-chat.ts';
import { type Person, person } from '../support/chat/person.ts';

const backends = await startBackends({ after });

/** Messages that bob sends while ann blocks him. */
const MESSAGES = 60;

/** Starts a ChatCluster, and waits until blocks can be known. */
async function startFilled(t: TestContext) {
  const cluster = await startCluster(t, backends);
  await until('POLICY lacks nothing', () => cluster.policyComplete());
  return cluster;
}

interface Seen {
  readonly offset: number;
  readonly type: string | undefined;
  readonly text: string | undefined;
}

/** Subscribes a user, from the beginning or from now on. @returns what comes, growing */
async function watch(who: Person, room: string, since?: { offset: number; epoch: string }): Promise<Seen[]> {
  const seen: Seen[] = [];
  const subscription = who.sdk.newSubscription(room, since ? { since } : {});
  subscription.on('publication', ({ offset = 0, tags, data }) => {
    seen.push({ offset, type: tags?.['type'], text: (who.value(data) as { readonly text?: string }).text });
  });
  subscription.subscribe();
  await subscription.ready(60_000);
  return seen;
}

const messagesOf = (seen: readonly Seen[]) => seen.filter(({ type }) => type === 'message').map(({ text }) => text);

/** Offset of the last block in a room, as workers know it. */
async function blockedAt({ policy }: Cluster, room: string): Promise<number> {
  return await until('the room has the block', async () => {
    const state = await policy({ room });
    return state && state.blocks.length > 0 ? state.at : null;
  });
}

/** Texts of all messages of a room, as a user lists them. */
async function listed(who: Person, room: string): Promise<readonly (string | undefined)[]> {
  const { items } = await who.act('message.list', { room, limit: 100 });
  return items.map(({ text }) => text);
}

/** Checks that a user on a gateway reads the same by every way. */
async function readsAlike(t: TestContext, url: string, user: string, build: Build, room: string, expected: unknown) {
  const who = await person(t, url, user, { build });
  const { epoch } = await who.act('message.list', { room });
  const resumed = await watch(who, room, { offset: 0, epoch });
  assert.deepEqual(messagesOf(resumed), expected, `${user} resumes`);
  assert.deepEqual(await listed(who, room), expected, `${user} lists`);
  const { publications } = await who.sdk.history(room, { limit: 1_000 });
  const types = new Set(publications.map(({ tags }) => tags?.['type']));
  assert.deepEqual([...types].sort(), ['message', 'room'], `${user} reads no entry of a block`);
}

describe('blocks in direct rooms', { concurrency: 3 }, () => {
  for (const build of BUILDS)
    test(`${build}: the last message before a block is the last one on every gateway, live and on resume`, async t => {
      const cluster = await startFilled(t);
      const [first, second] = cluster.gateways;
      const ann = await person(t, first.url, 'ann', { build });
      const bob = await person(t, second.url, 'bob', { build });
      const { room } = await bob.act('dm.open', { user: 'ann' });
      const [atAnn, atBob] = [await watch(ann, room), await watch(bob, room)];
      const offsets = new Map<string, number>();
      const send = async (index: number) => {
        const text = `message ${index}`;
        const sent = await bob.send(room, text).catch((error: { readonly code: number }) => error.code);
        if (typeof sent === 'number') assert.equal(sent, 103);
        else offsets.set(text, sent.offset);
      };
      await send(0);
      const sends: Promise<void>[] = [];
      for (let index = 1; index <= MESSAGES; index++) {
        sends.push(send(index));
        if (index === MESSAGES / 2) sends.push(ann.act('block.add', { user: 'bob' }).then(() => undefined));
        if (index % 5 === 0) await Promise.race(sends.slice(-5));
      }
      await Promise.all(sends);
      const block = await blockedAt(cluster, room);
      const expected = [...offsets].filter(([, offset]) => offset < block).sort(([, a], [, b]) => a - b);
      const texts = expected.map(([text]) => text);
      assert.ok(texts.length > 0);
      await until('both have the last message', () => [atAnn, atBob].every(seen => seen.at(-1)?.text === texts.at(-1)));
      for (const { url } of cluster.gateways)
        for (const user of ['ann', 'bob']) await readsAlike(t, url, user, build, room, texts);

      // Neither writes, whichever gateway they are on; after the unblock both do.
      const annElsewhere = await person(t, second.url, 'ann', { build });
      const bobElsewhere = await person(t, first.url, 'bob', { build });
      for (const each of [bob, bobElsewhere]) await assert.rejects(each.send(room, 'still there?'), { code: 103 });
      for (const each of [ann, annElsewhere]) await assert.rejects(each.send(room, 'still there?'), { code: 409 });
      await annElsewhere.act('block.remove', { user: 'bob' });
      await bobElsewhere.send(room, 'hello again');
      const all = [...texts, 'hello again'];
      for (const seen of [atAnn, atBob]) {
        await until('both have it', () => seen.at(-1)?.text === 'hello again');
        assert.deepEqual(messagesOf(seen), all, 'nothing of the block in between');
        assert.ok(seen.every(({ type }) => type === 'message'));
      }
      assert.deepEqual(await listed(bob, room), all);
    });

  test('a user who is blocked is answered with the same bytes as in a room where members do not write', async t => {
    const cluster = await startCluster(t, backends, {
      env: { CHAT_ROOM_RULES: '{"desk":{"access":"Members","create":"Anyone","write":"Staff"}}' },
    });
    await until('POLICY lacks nothing', () => cluster.policyComplete());
    const [first, second] = cluster.gateways;
    const [ann, bob] = [await person(t, first.url, 'ann'), await person(t, second.url, 'bob')];
    const { room } = await ann.act('dm.open', { user: 'bob' });
    const { room: desk } = await ann.act('room.create', { kind: 'desk', members: ['bob'] });
    await ann.act('block.add', { user: 'bob' });
    const refusal = (to: string) =>
      bob.rpc('message.send', { room: to, id: nextId(), text: 'hello' }).then(
        () => assert.fail('it was stored'),
        (error: unknown) => JSON.stringify(error),
      );
    assert.equal(await refusal(room), await refusal(desk));
    const opened = (user: string) => bob.act('dm.open', { user }).catch((error: unknown) => JSON.stringify(error));
    await person(t, first.url, 'eve').then(eve => eve.act('block.add', { user: 'bob' }));
    assert.equal(await opened('ann'), await opened('eve'), 'with a room and without one');
  });

  test('a block whose gateway ended right after it is taken to the room by the worker', async t => {
    const cluster = await startFilled(t);
    const [first, second] = cluster.gateways;
    const [ann, bob] = [await person(t, first.url, 'ann'), await person(t, second.url, 'bob')];
    const { room } = await ann.act('dm.open', { user: 'bob' });
    const atBob = await watch(bob, room);
    await bob.send(room, 'before');
    await cluster.publishContact('ann', 'block', 'bob');
    await blockedAt(cluster, room);
    await until(
      'bob may not write any more',
      async () => (await bob.code('message.send', { room, text: 'late' })) === 103,
    );
    await until('nor does ann', async () => (await ann.code('message.send', { room, text: 'late' })) === 409);

    // The block outlives POLICY and the memory of gateways.
    const rooms = cluster.collection('rooms');
    const stored = async () => (await rooms.findOne({ _id: room as never }))?.['state']?.blocks?.[0] === 'ann';
    await until('MongoDB has the block', stored);
    await cluster.wipePolicy();
    await until('POLICY lacks nothing', () => cluster.policyComplete());
    await cluster.restartGateways();
    const again = await person(t, cluster.gateways[0].url, 'bob');
    assert.equal(await again.code('message.send', { room, text: 'late' }), 103);

    await cluster.publishContact('ann', 'unblock', 'bob');
    await until('bob writes again', async () => (await again.code('message.send', { room, text: 'after' })) === 0);
    assert.deepEqual(messagesOf(atBob), ['before']);
    assert.deepEqual(await listed(again, room), ['before', 'after']);
  });

  test('a block and a new room at the same moment: there is no room, or it has the block', async t => {
    const cluster = await startFilled(t);
    const [first, second] = cluster.gateways;
    const ann = await person(t, first.url, 'ann');
    for (let round = 0; round < 8; round++) {
      const user = `user-${round}`;
      const other = await person(t, second.url, user);
      await other.connected();
      const room = directRoom('ann', user);
      const [, opened] = await Promise.all([
        ann.act('block.add', { user }),
        other.act('dm.open', { user: 'ann' }).catch(() => null),
      ]);
      if (opened)
        await until('the room has the block', async () => (await cluster.policy({ room }))?.blocks[0] === 'ann');
      else assert.equal(await other.code('message.send', { room, text: 'hello' }), 103);
    }
  });

  test('blocks and unblocks of one user on two devices at the same moment leave the room as the last one wants it', async t => {
    const cluster = await startFilled(t);
    const [first, second] = cluster.gateways;
    const devices = [await person(t, first.url, 'ann'), await person(t, second.url, 'ann')] as const;
    const bob = await person(t, second.url, 'bob');
    const { room } = await bob.act('dm.open', { user: 'ann' });
    for (const last of ['block.add', 'block.remove'] as const) {
      await Promise.all(
        [0, 1, 2, 3, 4, 5].map(index =>
          devices[index % 2 === 0 ? 0 : 1].act(index % 3 === 0 ? 'block.add' : 'block.remove', { user: 'bob' }),
        ),
      );
      await devices[0].act(last, { user: 'bob' });
      const wanted = last === 'block.add' ? ['ann'] : [];
      const isSettled = async () => JSON.stringify((await cluster.policy({ room }))?.blocks) === JSON.stringify(wanted);
      await until(`the room is as ${last} wants it`, isSettled);
      const code = last === 'block.add' ? 103 : 0;
      // A gateway on which nobody has the room open knows a state for some seconds.
      await until(
        `bob is answered ${code}`,
        async () => (await bob.code('message.send', { room, text: 'x' })) === code,
      );
    }
  });
});
