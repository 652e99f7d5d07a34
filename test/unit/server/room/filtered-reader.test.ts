import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filteredReader } from '../../../../server/room/filtered-reader.ts';
import { roomReader } from '../../../../server/room/reader.ts';
import { MemoryLog } from '../../../support/chat/memory-log.ts';
import { MemoryStore } from '../../../support/chat/memory-store.ts';

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
