import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filteredReader } from '../../../../server/room/filtered-reader.ts';
import { roomReader } from '../../../../server/room/reader.ts';
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
  const newest = await reader.before('channel:room', 1_991, 2);
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
