import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../../client/call-error.ts';
import { RoomList } from '../../../client/room-list.ts';
import { memoryStorage } from '../../../client/storage.ts';
import { SyncedRooms } from '../../../client/synced-rooms.ts';
import type { ParamsOf, ResultOf } from '../../../client/verbs.ts';

type Page = ResultOf<'sync'>;

const room = (name: string, partition = 0) => ({
  room: name,
  name,
  state: 'member' as const,
  n: 0,
  mentions: null,
  read: null,
  delivered: null,
  last: null,
  top: 0,
  partition,
});

const page = (cursor: string, given: Partial<Page> = {}): Page => ({
  cursor,
  rooms: [],
  left: [],
  marks: [],
  reset: [],
  more: false,
  ...given,
});

/** A list over a server that answers with pages in turn. */
function listOf(storage = memoryStorage()) {
  const answers: (Page | CallError)[] = [];
  const asked: ParamsOf<'sync'>[] = [];
  const marked: string[] = [];
  let reads = 0;
  const synced = new SyncedRooms({
    storage,
    user: 'ann',
    sync: async params => {
      asked.push(params);
      const answer = answers.shift() ?? assert.fail('an answer too many was asked for');
      if (answer instanceof CallError) throw answer;
      return answer;
    },
    marked: mark => void marked.push(mark.room),
  });
  const list = new RoomList(async () => {
    reads += 1;
    const { partition: _, ...item } = room('group:old');
    return { items: [item] };
  }, synced);
  const names = () => list.rooms.map(each => each.room);
  return { list, names, answers, asked, marked, storage, reads: () => reads };
}

test('the list is kept with its cursor, and the next run goes on from there', async () => {
  const first = listOf();
  first.answers.push(page('1', { rooms: [room('group:b')], more: true }), page('2', { rooms: [room('group:a', 1)] }));
  await first.list.refresh();
  assert.deepEqual(
    [first.asked, first.names()],
    [
      [{}, { cursor: '1' }],
      ['group:a', 'group:b'],
    ],
  );
  const next = listOf(first.storage);
  assert.deepEqual([next.list.loaded, next.names()], [false, ['group:a', 'group:b']]);
  next.answers.push(
    page('3', { rooms: [room('group:c')], left: ['group:a'], marks: [{ room: 'group:b', read: 3, delivered: 3 }] }),
  );
  await next.list.refresh();
  assert.deepEqual([next.asked, next.names(), next.marked], [[{ cursor: '2' }], ['group:b', 'group:c'], ['group:b']]);
  assert.deepEqual(
    next.list.rooms.map(({ n }) => n),
    [null, 0],
  );
});

test('a reset drops the rooms of its partitions, and no others', async () => {
  const { list, answers, names } = listOf();
  answers.push(page('1', { rooms: [room('group:a', 0), room('group:b', 1), room('group:c', 1)] }));
  await list.refresh();
  answers.push(page('2', { reset: [1], more: true }), page('3', { rooms: [room('group:c', 1)] }));
  await list.refresh();
  assert.deepEqual(names(), ['group:a', 'group:c']);
});

test('a server without the verb is asked for the whole list, and for the verb at the next read', async () => {
  const { list, answers, names, reads, asked } = listOf();
  answers.push(page('1', { rooms: [room('group:a')] }));
  await list.refresh();
  answers.push(new CallError(104, 'method not found', false));
  await list.refresh();
  assert.deepEqual([names(), reads()], [['group:old'], 1]);
  answers.push(page('2'));
  await list.refresh();
  assert.deepEqual([names(), reads(), asked.at(-1)], [['group:a'], 1, { cursor: '1' }]);
});

test('a cursor that a server refuses, and what cannot be read, begin anew', async () => {
  const storage = memoryStorage();
  storage.set('rooms/ann', JSON.stringify({ cursor: 'x', rooms: [room('group:gone')] }));
  const { list, answers, names, asked } = listOf(storage);
  answers.push(new CallError(107, 'bad request', false), page('1', { rooms: [room('group:a')] }));
  await list.refresh();
  assert.deepEqual([names(), asked], [['group:a'], [{ cursor: 'x' }, {}]]);
  for (const text of ['{', '[]', '{"cursor":"x"}', '{"cursor":"x","rooms":[null]}']) {
    storage.set('rooms/ann', text);
    assert.deepEqual(listOf(storage).names(), []);
  }
});

test('a room that has ended stays off until the inbox says something of it', async () => {
  const { list, answers, names } = listOf();
  answers.push(page('1', { rooms: [room('group:a'), room('group:b')] }), page('2'), page('3'), page('4'));
  await list.refresh();
  list.removed('group:a');
  await list.refresh();
  assert.deepEqual(names(), ['group:b']);
  list.entry({ type: 'member', data: { room: 'group:a' } });
  answers.push(page('5'));
  await list.refresh();
  assert.deepEqual(names(), ['group:a', 'group:b']);
});

test('after a hide everything is read anew', async () => {
  const { list, answers, asked, names } = listOf();
  answers.push(page('1', { rooms: [room('group:a')] }));
  await list.refresh();
  list.entry({ type: 'hide', data: { room: 'group:a' } });
  answers.push(page('2', { rooms: [room('group:b')] }));
  await list.refresh();
  assert.deepEqual([asked.at(-1), names()], [{}, ['group:b']]);
});
