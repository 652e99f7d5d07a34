import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../../client/call-error.ts';
import { RoomReceipts } from '../../../client/room-receipts.ts';
import { settle } from '../../support/clocks/settle.ts';

function receiptsOf(read: readonly string[] | CallError = []) {
  const asked: number[] = [];
  const receipts = new RoomReceipts(async target => {
    asked.push(target);
    if (read instanceof CallError) throw read;
    return { read, delivered: [] };
  });
  let changes = 0;
  receipts.changed.add(() => {
    changes += 1;
  });
  const heard = (data: unknown, type = 'receipt', offset = 0) => receipts.heard({ offset, type, data, sender: null });
  return { receipts, asked, heard, changes: () => changes };
}

test('readers come from the server once for each message, and later ones as events', async () => {
  const { receipts, asked, heard } = receiptsOf(['bob']);
  receipts.look(7);
  receipts.look(7);
  await settle();
  assert.deepEqual(asked, [7]);
  assert.deepEqual(receipts.readers(7), ['bob']);
  heard({ type: 'receipt', user: 'eve', read: 9 });
  assert.deepEqual(receipts.readers(7), ['bob', 'eve']);
  assert.deepEqual(receipts.readers(8), ['eve']);
});

test('an event with a lower offset changes nothing, nor does anything that is no receipt', () => {
  const { receipts, heard, changes } = receiptsOf();
  heard({ user: 'eve', read: 9 });
  heard({ user: 'eve', read: 4 });
  heard({ user: 'bob', read: 9 }, 'typing');
  heard({ user: 'bob', read: 9 }, 'receipt', 12);
  for (const bad of [null, 'x', { user: 3, read: 9 }, { user: 'bob' }, { user: 'bob', read: 'x' }]) heard(bad);
  assert.deepEqual(receipts.readers(1), ['eve']);
  assert.deepEqual(receipts.readers(5), ['eve']);
  assert.equal(changes(), 1);
});

test('a room without receipts is asked once for a message, and shows none', async () => {
  const { receipts, asked } = receiptsOf(new CallError(108, 'not available', false));
  receipts.look(7);
  receipts.look(7);
  await settle();
  assert.deepEqual([asked, receipts.readers(1)], [[7], []]);
});
