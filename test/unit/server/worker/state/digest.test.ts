import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deletion, Digest } from '../../../../../server/bus/last-entry.ts';
import type { FoldEntry } from '../../../../../server/worker/fold/fold.ts';
import { countableWith, digestWith, roomBatches } from '../../../../../server/worker/state/digest.ts';

const deletion = (at: number, ...targets: number[]): Deletion => ({ at, targets });

test('deletes come in once, in order, and leave when nothing of their targets is left', () => {
  const one = digestWith(null, 5, [deletion(4, 1)], 0);
  assert.deepEqual(one, { top: 5, deletions: [deletion(4, 1)] });
  const two = digestWith(one, 9, [deletion(8, 2, 3), deletion(4, 1)], 0);
  assert.deepEqual(two, { top: 9, deletions: [deletion(4, 1), deletion(8, 2, 3)] });
  assert.deepEqual(digestWith(two, 9, [], 4), { top: 9, deletions: [deletion(8, 2, 3)] });
});

test('a top never falls, and an entry of an earlier release gives its own', () => {
  assert.equal(digestWith({ top: 9, deletions: [] }, 5, [], 0).top, 9);
  assert.deepEqual(digestWith({ top: 9, deletions: null }, 12, [deletion(11, 3)], 0), {
    top: 12,
    deletions: [deletion(11, 3)],
  });
});

test('a full list ends below the delete that it has no space for, and goes on once it has', () => {
  const many = Array.from({ length: 70 }, (_, i) =>
    deletion(1_000 + i, ...Array.from({ length: 100 }, (_, j) => j + 1)),
  );
  const full = digestWith(null, 2_000, many, 0);
  assert.equal(full.deletions?.length, 60);
  assert.equal(full.at, 1_059);
  const later = digestWith(full, 2_001, many.slice(60), 1_020);
  assert.deepEqual(
    later.deletions?.map(({ at }) => at),
    many.slice(21).map(({ at }) => at),
  );
  assert.equal(later.at, undefined);
});

test('the last message that counts is known from the first entry on, or from the next message, and never falls', () => {
  const digest = (countable?: number) => ({ top: 9, deletions: [], ...(countable === undefined ? {} : { countable }) });
  const after = (before: Digest | null | undefined, countable: number) =>
    countableWith(before, { countable }).countable ?? null;
  assert.deepEqual([after(undefined, 0), after(undefined, 2)], [0, 2]);
  assert.deepEqual([after(null, 0), after(null, 2)], [null, 2]);
  assert.deepEqual([after(digest(), 0), after(digest(), 10)], [null, 10]);
  assert.deepEqual([after(digest(8), 0), after(digest(8), 4), after(digest(8), 10)], [8, 8, 10]);
});

test('a batch has the last message of each room that counts', () => {
  const entry = (room: string, offset: number, type: string) =>
    ({ room, offset, message: type === '' ? null : { type, targets: [] } }) as unknown as FoldEntry;
  const entries = [entry('a', 1, 'message'), entry('a', 2, 'edit'), entry('b', 3, 'room'), entry('a', 4, '')];
  assert.deepEqual(
    [...roomBatches(entries)].map(([room, { countable }]) => [room, countable]),
    [
      ['a', 1],
      ['b', 0],
    ],
  );
});
