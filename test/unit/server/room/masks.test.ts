import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_ROOM } from '../../../../server/fold/room-state.ts';
import { countingOf, type StateOf } from '../../../../server/room/counting.ts';
import type { RoomLog } from '../../../../server/room/log.ts';
import { maskedReader } from '../../../../server/room/masked-reader.ts';
import { type Maskable, Masks } from '../../../../server/room/masks.ts';
import { roomReader } from '../../../../server/room/reader.ts';
import { publishControl } from '../../../support/chat/control-entries.ts';
import { created } from '../../../support/chat/control-log.ts';
import { LogStates } from '../../../support/chat/log-states.ts';
import { MemoryLog } from '../../../support/chat/memory-log.ts';
import { MemoryStore } from '../../../support/chat/memory-store.ts';

const ROOM = 'channel:room';
const offsets = (messages: readonly { readonly offset: number }[]) => messages.map(({ offset }) => offset);

function bench(stateOf: (log: MemoryLog, store: MemoryStore) => StateOf = () => () => NO_ROOM) {
  const store = new MemoryStore();
  const log = new MemoryLog(store);
  const states = stateOf(log, store);
  let reads = 0;
  const masks = new Masks(log, states, () => void reads++);
  const add = async (type: string, ...targets: number[]) => {
    const envelope = { type, id: '', dedupe: '', time: 0, user: 'ann', client: 'c', traceparent: '', cv: 0, seen: 0 };
    return (await log.publish(ROOM, Buffer.from('{}'), { ...envelope, targets })).offset;
  };
  return {
    store,
    log,
    masks,
    reads: () => reads,
    add,
    reader: maskedReader(
      roomReader(log, store, () => 1_000),
      masks,
      countingOf(states),
    ),
  };
}

test('pages leave out deleted messages and their edits, and go on behind them', async () => {
  const { log, add, reader } = bench();
  for (let i = 0; i < 6; i++) await add('message');
  await add('edit', 2);
  await add('edit', 5);
  await add('delete', 1, 2, 3, 4);
  await add('reaction', 2);
  const all = [5, 6, 8, 9, 10];
  const check = async (where: string) => {
    assert.deepEqual(offsets((await reader.after(ROOM, 0, 2)).messages), [5, 6], where);
    assert.deepEqual(offsets((await reader.after(ROOM, 6, 1)).messages), [8], where);
    assert.deepEqual(offsets((await reader.after(ROOM, 0, 100)).messages), all, where);
    assert.deepEqual(offsets((await reader.before(ROOM, 9, 3)).messages), [8, 6, 5], where);
    assert.deepEqual(await reader.before(ROOM, 5, 3), { messages: [], skippedTo: null }, where);
    assert.deepEqual((await reader.after(ROOM, 10, 3)).messages, [], where);
  };
  await check('in LOG');
  log.purge(4);
  await check('partly in the store');
  for (const offset of [1, 2, 3, 4, 7]) log.blank(offset);
  await check('erased');
  log.purge(10);
  await check('in the store alone');
});

test('a delete whose author was restricted before it hides nothing', async () => {
  const { log, masks, reader } = bench((log, store) => {
    const states = new LogStates(
      log,
      roomReader(log, store, () => 1_000),
    );
    return room => states.fresh(room);
  });
  const act = created({ ann: 'owner', bob: 'moderator' }) as Parameters<typeof publishControl>[3];
  const put = async (type: string, user: string, seen: number, ...targets: number[]) => {
    const envelope = { type, id: '', dedupe: '', time: 0, client: 'c', traceparent: '', cv: 0 };
    return (await log.publish(ROOM, Buffer.from('{}'), { ...envelope, user, seen, targets })).offset;
  };
  await publishControl(log, ROOM, 1, act);
  const [hidden, kept] = [await put('message', 'ann', 1), await put('message', 'ann', 1)];
  await put('delete', 'bob', 1, hidden);
  await publishControl(log, ROOM, 2, { act: 'kick', user: 'bob' });
  await put('delete', 'bob', 1, kept);
  const mask = await masks.of(ROOM);
  assert.deepEqual([mask.has(hidden), mask.has(kept)], [true, false]);
  assert.ok(offsets((await reader.after(ROOM, 0, 100)).messages).includes(kept));
  await put('delete', 'ann', 2, kept);
  assert.equal((await masks.of(ROOM)).has(kept), true);
});

test('a kept mask is used again while the leader has nothing above it, and is never older than the call', async () => {
  const { log, masks, add, reads } = bench();
  await add('message');
  const asked = () => log.asked.filter(name => name === 'deletions').length;
  for (let i = 0; i < 3; i++) assert.equal((await masks.of(ROOM)).has(1), false);
  assert.deepEqual([asked(), reads()], [1, 1]);
  await add('delete', 1);
  assert.equal((await masks.of(ROOM)).has(1), true);
  assert.deepEqual([asked(), reads()], [2, 2]);
});

test('calls at the same time share the reads that began after them', async () => {
  const { log, masks, add } = bench();
  await add('message');
  const first = masks.of(ROOM);
  await add('delete', 1);
  const [, ...later] = await Promise.all([first, masks.of(ROOM), masks.of(ROOM), masks.of(ROOM)]);
  assert.ok(later.every(mask => mask.has(1)));
  assert.ok(log.asked.length <= 3, log.asked.join());
});

test('an open room keeps its mask current; across a gap nothing is concluded', async () => {
  const { log, masks, add } = bench();
  const entry = (type: string, offset: number, ...targets: number[]): Maskable => ({ type, offset, targets });
  assert.equal(masks.hides(ROOM, 0, entry('edit', 3, 1)), undefined, 'nothing is known');
  await add('message');
  await masks.of(ROOM);
  assert.equal(masks.hides(ROOM, 1, entry('edit', 3, 1)), false);
  masks.follow(ROOM, 1, entry('delete', 4, 1));
  assert.equal(masks.hides(ROOM, 4, entry('edit', 5, 1)), true);
  masks.follow(ROOM, 7, entry('delete', 8, 2));
  assert.equal(masks.hides(ROOM, 8, entry('edit', 9, 3)), undefined, 'what came between 4 and 7 is not known');
  assert.equal(log.asked.filter(name => name === 'deletions').length, 1);
});

test('masks of rooms that were not read for long, and large ones, are given up', async () => {
  const counts = new Map<string, number>();
  const log: Pick<RoomLog, 'deletions' | 'next'> = {
    next: async () => 0,
    async deletions(room) {
      counts.set(room, (counts.get(room) ?? 0) + 1);
      const size = Number(room);
      return { targets: Array.from({ length: size }, (_, i) => i + 1), recent: [], upto: 9 };
    },
  };
  const masks = new Masks(log, () => NO_ROOM);
  await masks.of('20000');
  await masks.of('20000');
  assert.equal(counts.get('20000'), 2, 'a large one is read each time');
  for (let i = 0; i < 60; i++) await masks.of(`${9_900 - i}`);
  await masks.of('9900');
  await masks.of('9845');
  assert.deepEqual([counts.get('9900'), counts.get('9845')], [2, 1], 'the oldest made room for the newest');
  for (let i = 9_846; i < 9_950; i++) masks.follow('9845', 9, { type: 'delete', offset: i, targets: [i, 50_000 + i] });
  assert.equal(masks.hides('9845', 9, { type: 'edit', offset: 99_999, targets: [1] }), undefined, 'it grew too large');
});

test('pages without a text ask for no mask', async () => {
  const { log, add, reader } = bench();
  for (let i = 0; i < 5; i++) await add(i % 2 ? 'publish' : 'reaction', 1);
  assert.equal((await reader.after(ROOM, 0, 10)).messages.length, 5);
  assert.equal(log.asked.includes('deletions'), false);
});
