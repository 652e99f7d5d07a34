import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { nextId } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { person } from '../support/chat/person.ts';

const backends = await startBackends({ after });

test('who is mentioned is told once, across edits, blocks and workers that fold again', async t => {
  const cluster = await startCluster(t, backends);
  await until('POLICY lacks nothing', () => cluster.policyComplete());
  const [first, second] = cluster.gateways;
  const [ann, bob, eve] = [
    await person(t, first.url, 'ann'),
    await person(t, second.url, 'bob'),
    await person(t, second.url, 'eve'),
  ];
  await Promise.all([ann, bob, eve].map(each => each.connected()));
  const { room } = await ann.act('room.create', { kind: 'group', name: 'Tea', members: ['bob', 'eve'] });
  type Told = { readonly type: string; readonly offset: number; readonly id: string; readonly by: string };
  const told = async (user: string) =>
    ((await cluster.inbox(user)) as Told[])
      .filter(({ type }) => type === 'mention')
      .map(({ offset, id, by }) => ({ offset, id, by }));
  const heard: unknown[] = [];
  bob.sdk.on('publication', ({ channel, data, tags }) => {
    if (channel === 'user:bob' && tags?.['type'] === 'mention') heard.push(bob.value(data));
  });

  const of = nextId();
  const { offset: target } = await ann.act('message.send', {
    room,
    id: of,
    text: 'tea, @bob?',
    mentions: ['bob', 'zoe'],
  });
  await until('bob hears of it', () => heard.length === 1);
  const { id, offset, by } = heard[0] as Told;
  assert.deepEqual({ id, offset, by }, { id: of, offset: target, by: 'ann' });

  // An edit tells those alone whom it mentions anew, and a fold that begins again nobody.
  await ann.act('message.edit', { room, target, of, text: 'tea, @bob and @eve?', mentions: ['bob', 'eve'] });
  const mention = { id: of, offset: target, by: 'ann' };
  await until('eve is told', async () => (await told('eve')).length === 1);
  await cluster.stopWorker();
  await cluster.wipeLast();
  await cluster.startWorker();

  // Counts follow the texts, in LOG and in MongoDB.
  const counted = async (user: typeof bob) => (await user.act('unread', { rooms: [room] })).items[0]?.mentions;
  const folded = async () =>
    ((await cluster.collection('messages').findOne({ room, offset: target })) as { rev?: number } | null)?.rev !==
    undefined;
  assert.deepEqual([await counted(bob), await counted(eve), await counted(ann)], [1, 1, 0]);
  await until('MongoDB has the edit', folded);
  assert.deepEqual([await counted(bob), await counted(eve), await counted(ann)], [1, 1, 0]);

  // Nothing comes across a block, and what comes after it does.
  await bob.act('block.add', { user: 'ann' });
  const apart = await ann.act('message.send', { room, text: '@bob?', mentions: ['bob'] });
  await until('the worker has folded it', async () => (await cluster.digest(room))?.countable === apart.offset);
  await bob.act('block.remove', { user: 'ann' });
  await eve.act('block.add', { user: 'bob' });
  await eve.act('message.send', { room, text: '@bob?', mentions: ['bob'] });
  const bang = nextId();
  const last = await ann.act('message.send', { room, id: bang, text: '@bob! @eve!', mentions: ['bob', 'eve'] });
  await until('both are told of the last one', async () =>
    (await Promise.all([told('bob'), told('eve')])).every(all => all.at(-1)?.offset === last.offset),
  );
  for (const user of ['bob', 'eve'])
    assert.deepEqual((await told(user)).slice(0, -1), [mention], `${user} is told of each message once`);
  await ann.act('message.edit', { room, target, of, text: 'tea?' });
  await ann.act('message.send', { room, text: 'tea, all!', all: true });
  assert.deepEqual([await counted(bob), await counted(eve)], [4, 2]);
  const end = await ann.act('message.delete', { room, targets: [{ target: last.offset, of: bang }] });
  assert.deepEqual([await counted(bob), await counted(eve)], [3, 1]);
  await until('MongoDB has the delete', async () => {
    const found = await cluster.collection('messages').findOne({ room, offset: last.offset });
    return found?.['deleted'] === end.offset;
  });
  assert.deepEqual([await counted(bob), await counted(eve)], [3, 1]);
  const keys = await cluster
    .collection('messages')
    .find({ room, m: { $exists: true } })
    .toArray();
  assert.deepEqual(keys.length, 3);
  assert.deepEqual([await told('zoe'), await told('ann')], [[], []]);
});
