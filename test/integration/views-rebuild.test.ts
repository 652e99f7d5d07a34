import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { type Client, nextId, openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
/** Collections of views, in the order in which docs/data-model.md has them emptied. */
const VIEWS = ['reactions', 'hides', 'rooms', 'members', 'folds'];

test('views that are emptied after LOG was purged are the same again: rooms, members, hides and votes, while nobody writes', async t => {
  const cluster = await startCluster(t, backends, {
    env: {
      CHAT_PARTITIONS: '1',
      CHAT_HOT_WINDOW_SECONDS: '0',
      CHAT_DEDUPE_SECONDS: '10',
      CHAT_PURGE_SECONDS: '1',
    },
  });
  const connect = (user: string) => openClient(t, cluster.gateways[0].url, { user });
  const ann = await connect('ann');
  const bob = await connect('bob');
  const create = async (kind: string) =>
    ((await ann.rpc('room.create', { id: nextId(), kind, name: kind })) as { readonly room: string }).room;
  const [channel, group] = [await create('channel'), await create('group')];
  const act = (client: Client, verb: string, room: string, params: object = {}) =>
    client.rpc(verb, { room, id: nextId(), ...params }) as Promise<{ readonly offset: number }>;
  await act(ann, 'room.add', group, { users: ['bob', 'eve', 'zoe'] });
  await act(ann, 'room.role', group, { user: 'bob', role: 'admin' });
  await act(bob, 'room.kick', group, { user: 'eve' });
  await act(bob, 'room.join', channel);
  await act(ann, 'room.update', channel, { topic: 'Tea' });
  const of = nextId();
  const about = { target: (await ann.send(group, 'hello', of)).offset, of };
  await act(ann, 'message.react', group, { ...about, emoji: '👍', on: true });
  await act(bob, 'message.react', group, { ...about, emoji: '👍', on: true });
  await act(ann, 'message.react', group, { ...about, emoji: '👍', on: false });
  await act(bob, 'message.delete', group, { targets: [about], scope: 'me' });

  const views = async () => {
    const found = VIEWS.filter(name => name !== 'folds').map(async name => [
      name,
      await cluster.collection(name).find().sort({ _id: 1 }).toArray(),
    ]);
    return Object.fromEntries(await Promise.all(found)) as Readonly<Record<string, readonly object[]>>;
  };
  const position = async () => (await cluster.collection('folds').findOne({ _id: 'views:0' as never }))?.['at'];
  const isWhole = async () => (await position()) === (await cluster.lastOffset(group));
  await until('LOG is empty', async () => (await cluster.firstOffset(group)) > (await cluster.lastOffset(group)), {
    ms: 60_000,
  });
  await until('all is folded', isWhole);
  const before = await views();
  assert.deepEqual(
    Object.entries(before).map(([name, documents]) => [name, documents.length]),
    [
      ['reactions', 2],
      ['hides', 1],
      ['rooms', 2],
      ['members', 6],
    ],
  );
  for (const name of VIEWS) await cluster.collection(name).deleteMany({});
  await until('all is folded again', isWhole, { state: position });
  assert.deepEqual(await views(), before);
});
