import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  keyOf,
  NO_CURSOR,
  readCursor,
  type SyncCursor,
  versionOf,
  writeCursor,
} from '../../../../server/chat/sync-cursor.ts';
import { integer } from '../../../../tools/support/random.ts';
import { fuzz, type Random } from '../../../support/fuzz/fuzz.ts';

const rooms = (count: number) =>
  new Map(Array.from({ length: count }, (_, i) => [keyOf(`group:${i}`), versionOf(`${i}`)] as const));

const FULL: SyncCursor = {
  marks: { epoch: keyOf('2026'), sequence: 2 ** 40 },
  partitions: new Map(
    Array.from({ length: 64 }, (_, i) => [i, { epoch: keyOf(`e${i}`), offset: i * 2 ** 40, rooms: rooms(i) }] as const),
  ),
  unfinished: { partition: 63, epoch: keyOf('e63'), offset: 2 ** 50, after: 'group:Ж', marks: null },
};

test('a cursor is read as it was written, by its user alone', () => {
  for (const cursor of [NO_CURSOR, FULL, { ...FULL, marks: null, unfinished: null }]) {
    const text = writeCursor(cursor, 'ann');
    assert.deepEqual(readCursor(text, 'ann'), cursor);
    assert.equal(readCursor(text, 'bob'), null);
  }
});

test('a cursor with 2,000 rooms in 64 partitions fits into a call', () => {
  const partitions = Array.from(
    { length: 64 },
    (_, i) => [i, { epoch: keyOf(`e${i}`), offset: 2 ** 50, rooms: rooms(32) }] as const,
  );
  const { length } = writeCursor({ ...FULL, partitions: new Map(partitions) }, 'ann');
  assert.ok(length < 25_000, `${length}`);
});

test('no other text is read as a cursor', () => {
  const text = writeCursor(FULL, 'ann');
  for (const other of ['', 'x', 'AQ', '🙂', text.toLowerCase(), `${text}AAAA`, text.slice(1)])
    assert.equal(readCursor(other, 'ann'), null, other.slice(0, 10));
});

fuzz('a cursor that was changed on its way is not read, and never throws', [1, 2], 200, (random: Random) => {
  const text = writeCursor(FULL, 'ann');
  const at = integer(random, text.length);
  const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
  const cut = text.slice(0, integer(random, text.length - 1));
  assert.equal(readCursor(cut, 'ann'), null);
  // The last character may have bits that no byte has.
  if (at < text.length - 1) assert.equal(readCursor(changed, 'ann'), null);
});

test('a cursor with an offset that no stream reaches is not read, wherever it stands', () => {
  const offset = 2 ** 63;
  const cursors = [
    { ...NO_CURSOR, marks: { epoch: 1, sequence: offset } },
    { ...NO_CURSOR, partitions: new Map([[0, { epoch: 1, offset, rooms: rooms(1) }]]) },
    { ...NO_CURSOR, unfinished: { partition: 0, epoch: 1, offset, after: 'group:a', marks: null } },
  ];
  for (const cursor of cursors) assert.equal(readCursor(writeCursor(cursor, 'ann'), 'ann'), null);
});
