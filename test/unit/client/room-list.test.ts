import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../../client/call-error.ts';
import { RoomList } from '../../../client/room-list.ts';
import { settle } from '../../support/clocks/settle.ts';

const item = (room: string) => ({
  room,
  name: room,
  state: 'member' as const,
  n: null,
  mentions: null,
  read: null,
  delivered: null,
  last: null,
  top: 0,
});

test('all pages of the list are read', async () => {
  const list = new RoomList(async ({ cursor }) =>
    cursor === undefined ? { items: [item('group:a')], cursor: 'group:a' } : { items: [item('group:b')] },
  );
  assert.deepEqual([list.loaded, list.rooms], [false, []]);
  await list.refresh();
  assert.deepEqual([list.loaded, list.rooms.map(({ room }) => room)], [true, ['group:a', 'group:b']]);
});

test('entries of the inbox about rooms read it again, many of them once', async () => {
  let reads = 0;
  const list = new RoomList(async () => {
    reads += 1;
    await settle();
    return { items: [item(`group:${reads}`)] };
  });
  for (const type of ['member', 'invite', 'member', 'hide', null]) list.entry({ type, data: {} });
  await list.refresh();
  assert.deepEqual([reads, list.rooms[0]?.room], [2, 'group:2']);
  list.entry({ type: 'hide', data: {} });
  await settle();
  assert.equal(reads, 2);
  list.entry({ type: 'dm', data: { room: 'dm:x', user: 'bob' } });
  await list.refresh();
  assert.equal(reads, 4);
});

test('a list that cannot be read stays as it was, with the error', async () => {
  let error: CallError | null = null;
  const list = new RoomList(async () => {
    if (error) throw error;
    return { items: [item('group:a')] };
  });
  await list.refresh();
  error = new CallError(100, 'internal server error', true);
  await list.refresh();
  assert.deepEqual([list.error?.code, list.rooms.length], [100, 1]);
  error = null;
  await list.refresh();
  assert.equal(list.error, null);
});

test('a room that has ended for the user is off the list, until the inbox has an entry about it', async () => {
  const list = new RoomList(async () => ({ items: [item('group:a'), item('group:b')] }));
  const names = () => list.rooms.map(({ room }) => room);
  await list.refresh();
  list.removed('group:a');
  assert.deepEqual(names(), ['group:b']);
  list.entry({ type: 'member', data: { room: 'group:c' } });
  await settle();
  assert.deepEqual(names(), ['group:b'], 'the server may not know it yet');
  list.entry({ type: 'member', data: { room: 'group:a' } });
  await settle();
  assert.deepEqual(names(), ['group:a', 'group:b']);
  list.removed('group:a');
  list.connected();
  await settle();
  assert.deepEqual(names(), ['group:a', 'group:b']);
});
