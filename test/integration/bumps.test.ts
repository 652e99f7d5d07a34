import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { person } from '../support/chat/person.ts';

test('a client that syncs with bumps hears of messages from the other gateway, in rooms it is in, also later ones', async t => {
  const backends = await startBackends({ after });
  const cluster = await startCluster({ after }, backends);
  await until('POLICY lacks nothing', () => cluster.policyComplete());
  const [first, second] = cluster.gateways;
  const ann = await person(t, first.url, 'ann');
  const bob = await person(t, second.url, 'bob');
  await bob.connected();
  await ann.connected();
  const tops = new Map<string, number>();
  ann.sdk.on('message', ({ data }) => {
    const { type, rooms } = ann.value(data) as { type: string; rooms: { room: string; top: number }[] };
    if (type === 'bump') for (const { room, top } of rooms) tops.set(room, top);
  });
  const tea = await bob.act('room.create', { kind: 'group', name: 'Tea', members: ['ann'] });
  await until('ann has the room', async () => (await ann.act('sync', { bumps: true })).rooms.length === 1);
  const sent = await bob.act('message.send', { room: tea.room, text: 'hello' });
  await until('ann hears of it', () => (tops.get(tea.room) ?? 0) >= sent.offset);
  const juice = await bob.act('room.create', { kind: 'group', name: 'Juice', members: ['ann'] });
  let last = 0;
  await until('ann hears of a room that she got later', async () => {
    last = (await bob.act('message.send', { room: juice.room, text: 'hi' })).offset;
    return (tops.get(juice.room) ?? 0) > 0;
  });
  assert.ok((tops.get(juice.room) ?? 0) <= last);
});
