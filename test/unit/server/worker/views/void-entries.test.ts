import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldControl } from '../../../../../server/fold/control-fold.ts';
import { NO_ROOM } from '../../../../../server/fold/room-state.ts';
import type { FoldEntry } from '../../../../../server/worker/fold/fold.ts';
import { VoidEntries } from '../../../../../server/worker/views/void-entries.ts';
import { created, entry } from '../../../../support/chat/control-log.ts';

const ROOM = 'group:tea';
const log = [
  entry(1, 1, created({ ann: 'owner', bob: 'member' })),
  entry(3, 2, { act: 'kick', user: 'bob' }),
  entry(7, 3, { act: 'freeze', on: true }),
];
const states = log.map((_, index) => log.slice(0, index + 1).reduce(foldControl, NO_ROOM));

const of = (offset: number, type: string, user: string, seen: number, room = ROOM): FoldEntry => ({
  room,
  offset,
  message: {
    room,
    epoch: 'e',
    offset,
    type,
    id: `id ${offset}`,
    dedupe: '',
    time: 5,
    user,
    client: '',
    traceparent: '',
    targets: [],
    cv: 0,
    seen,
    body: Buffer.from('{}'),
    storedAt: 0,
  },
});

test('an entry that does not count loses its body, of whatever type it is', async () => {
  const asked: string[] = [];
  let state = states[1] ?? NO_ROOM;
  const entries = new VoidEntries({
    room: async room => {
      asked.push(room);
      return room === ROOM ? state : null;
    },
  });
  const batch = [
    of(2, 'message', 'bob', 1),
    of(4, 'message', 'bob', 1),
    of(5, 'edit', 'bob', 1),
    of(6, 'message', 'ann', 1),
    of(6, 'message', 'bob', 0, 'channel:open'),
  ];
  const split = async (list: readonly FoldEntry[], changed: readonly string[] = []) => {
    const { counting, voided } = await entries.split(list, new Set(changed));
    return [counting.map(({ offset, message }) => `${offset} ${message?.user}`), voided.map(({ entry }) => entry)];
  };
  const empty = (offset: number, was: string) => ({ type: 'void', offset, id: `id ${offset}`, was });
  const both = [empty(4, 'message'), empty(5, 'edit')];
  assert.deepEqual(await split(batch), [['2 bob', '6 ann', '6 bob'], both]);
  assert.deepEqual(await split(batch), [['2 bob', '6 ann', '6 bob'], both]);
  assert.deepEqual(asked, [ROOM, 'channel:open'], 'each room is asked about once, also one without acts');
  state = states[2] ?? NO_ROOM;
  assert.deepEqual(await split([of(8, 'reaction', 'ann', 2), of(9, 'message', 'ann', 3)], [ROOM]), [
    ['9 ann'],
    [empty(8, 'reaction')],
  ]);
  assert.deepEqual(asked, [ROOM, 'channel:open', ROOM]);
});

test('an entry of a gateway that knew of no act in the room is compared in a later batch too', async () => {
  let state = NO_ROOM;
  const entries = new VoidEntries({ room: async () => state });
  const offsets = async (list: readonly FoldEntry[], changed: readonly string[] = []) =>
    (await entries.split(list, new Set(changed))).voided.map(({ entry }) => entry.offset);
  assert.deepEqual(await offsets([of(1, 'message', 'bob', 0)]), []);
  state = states[1] ?? NO_ROOM;
  assert.deepEqual(await offsets([], [ROOM]), []);
  assert.deepEqual(await offsets([of(4, 'message', 'bob', 0), of(5, 'message', 'ann', 0)]), [4]);
});

test('rooms of a batch are asked about at the same time, and an inbox never', async () => {
  const asked: string[] = [];
  let [now, most] = [0, 0];
  const entries = new VoidEntries({
    room: async room => {
      asked.push(room);
      most = Math.max(most, ++now);
      await new Promise(resolve => setImmediate(resolve));
      now -= 1;
      return null;
    },
  });
  const rooms = Array.from({ length: 40 }, (_, index) => `channel:${index}`);
  const batch = [...rooms, 'user:bob', ...rooms].map((room, index) => of(index + 1, 'message', 'bob', 0, room));
  assert.equal((await entries.split(batch, new Set())).counting.length, 81);
  assert.deepEqual(asked, rooms);
  assert.ok(most > 4 && most <= 8, `${most} at the same time`);
});

test('an entry of a server counts also in a frozen room', async () => {
  const entries = new VoidEntries({ room: async () => states[2] ?? null });
  const { voided } = await entries.split([of(8, 'message', '', 0), of(9, 'message', 'ann', 2)], new Set());
  assert.deepEqual(
    voided.map(({ entry }) => entry.offset),
    [9],
  );
});

test('cuts of rooms are kept as far as they fit', async () => {
  const asked: string[] = [];
  const cuts = Array.from({ length: 500 }, (_, index) => ({
    cv: index + 2,
    offset: 3,
    user: `user ${index}`,
    time: 0,
  }));
  const entries = new VoidEntries({
    room: async room => {
      asked.push(room);
      return { ...NO_ROOM, cuts };
    },
  });
  const split = async (...rooms: readonly number[]) => {
    asked.length = 0;
    const batch = rooms.map(room => of(room + 4, 'message', 'user 7', 1, `group:${room}`));
    const { voided } = await entries.split(batch, new Set());
    assert.equal(voided.length, rooms.length);
    return asked.length;
  };
  await split(...Array.from({ length: 500 }, (_, index) => index));
  assert.deepEqual([await split(499), await split(110), await split(0)], [0, 0, 1]);
});
