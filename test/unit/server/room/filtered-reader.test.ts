import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filteredReader, MOST_LEFT_OUT } from '../../../../server/room/filtered-reader.ts';
import { type RoomReader, roomReader } from '../../../../server/room/reader.ts';
import { MemoryLog } from '../../../support/chat/memory-log.ts';
import { MemoryStore } from '../../../support/chat/memory-store.ts';

test('a small page takes few reads where many messages in a row are left out, and has no more than it may', async () => {
  const log = new MemoryLog(new MemoryStore());
  for (let i = 0; i < 2_000; i++) log.append('channel:room');
  let reads = 0;
  const whole = roomReader(log, new MemoryStore(), () => 1_000);
  const reader = filteredReader(
    {
      after(...page) {
        reads += 1;
        return whole.after(...page);
      },
      before(...page) {
        reads += 1;
        return whole.before(...page);
      },
    },
    async (_, messages) => messages.filter(({ offset }) => offset <= 10 || offset > 1_990),
  );
  const { messages: newest } = await reader.before('channel:room', 1_991, 2);
  assert.deepEqual(
    newest.map(({ offset }) => offset),
    [10, 9],
  );
  const page = await reader.after('channel:room', 10, 2);
  assert.deepEqual([page.messages.map(({ offset }) => offset), page.pending], [[1_991, 1_992], 8]);
  assert.ok(reads < 60, `${reads}`);
});

test('a hole in a page of which nothing is left is reported with the page after it', async () => {
  const store = new MemoryStore();
  const log = new MemoryLog(store);
  for (let i = 0; i < 3; i++) log.append('channel:room');
  const whole = roomReader(log, store, () => 1_000);
  const holes = {
    ...whole,
    after: async (room: string, offset: number, limit: number) => ({
      ...(await whole.after(room, offset, limit)),
      holed: offset === 0,
    }),
  };
  const reader = filteredReader(holes, async (_, messages) => messages.filter(({ offset }) => offset > 1));
  const { messages, holed } = await reader.after('channel:room', 0, 1);
  assert.deepEqual([messages.map(({ offset }) => offset), holed], [[2], true]);
});

/** Pages of a room from one end to the other, read on as any caller does. */
async function pagesOf(reader: RoomReader, limit: number) {
  const forwards: number[] = [];
  let empty = 0;
  for (let at: number | null = 0; at !== null; ) {
    const page = await reader.after('channel:room', at, limit);
    forwards.push(...page.messages.map(({ offset }) => offset));
    if (page.messages.length === 0 && page.skippedTo !== null) empty += 1;
    at = page.messages.at(-1)?.offset ?? page.skippedTo;
  }
  const backwards: number[] = [];
  for (let at: number | null = Number.MAX_SAFE_INTEGER; at !== null; ) {
    const page = await reader.before('channel:room', at, limit);
    backwards.push(...page.messages.map(({ offset }) => offset));
    if (page.messages.length === 0 && page.skippedTo !== null) empty += 1;
    at = page.messages.at(-1)?.offset ?? page.skippedTo;
  }
  return { forwards, backwards, empty };
}

test('one page reads over a bounded number of messages, and the pages after it bring what is left, once each', async () => {
  const store = new MemoryStore();
  const log = new MemoryLog(store);
  const last = 5 * MOST_LEFT_OUT;
  for (let i = 0; i < last; i++) log.append('channel:room');
  const visible = [1, 2, last - MOST_LEFT_OUT, last - 1];
  const stored = roomReader(log, store, () => 1_000);
  let scanned = 0;
  const whole: RoomReader = {
    async after(...asked) {
      const page = await stored.after(...asked);
      scanned += page.messages.length;
      return page;
    },
    async before(...asked) {
      const page = await stored.before(...asked);
      scanned += page.messages.length;
      return page;
    },
  };
  const inner = filteredReader(whole, async (_, messages) =>
    messages.filter(({ offset }) => offset % 2 === 1 || visible.includes(offset)),
  );
  const readers = {
    one: filteredReader(whole, async (_, messages) => messages.filter(({ offset }) => visible.includes(offset))),
    'one over another': filteredReader(inner, async (_, messages) =>
      messages.filter(({ offset }) => visible.includes(offset)),
    ),
    'one after which nothing is left': filteredReader(inner, async () => []),
  };
  for (const purged of [0, last / 2, last]) {
    log.purge(purged);
    for (const [name, reader] of Object.entries(readers))
      for (const limit of [1, 150]) {
        const where = `${name}, ${limit} a page, ${purged} purged`;
        const { forwards, backwards, empty } = await pagesOf(reader, limit);
        const expected = name === 'one after which nothing is left' ? [] : visible;
        assert.deepEqual(forwards, expected, where);
        assert.deepEqual(backwards, expected.toReversed(), where);
        assert.ok(empty > 0, where);
        scanned = 0;
        await reader.after('channel:room', 2, limit);
        assert.ok(scanned <= 3 * MOST_LEFT_OUT, `${where}: ${scanned}`);
        scanned = 0;
        await reader.before('channel:room', last - MOST_LEFT_OUT, limit);
        assert.ok(scanned <= 3 * MOST_LEFT_OUT, `${where}: ${scanned}`);
      }
  }
});
