import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileTimes } from '../../../support/ring/file-times.ts';

test('files of a ring are listed with their seconds, slowest first, and short ones are counted', () => {
  const times = new FileTimes();
  times.add('unit', 'short.test.ts', 999);
  times.add('unit', 'long.test.ts', 1_000);
  times.add('unit', 'longer.test.ts', 61_260);
  times.add('e2e', 'other.test.ts', 5_000);
  assert.deepEqual(
    times.ofRing('unit').map(line => line.trim()),
    ['61.3 s longer.test.ts', '1.0 s long.test.ts', '1.0 s at most: each of 1 more'],
  );
  assert.deepEqual(times.ofRing('none'), []);
});

test('a file that ran twice counts with both runs, and the slowest ten are of all rings', () => {
  const times = new FileTimes();
  for (let file = 1; file <= 11; file++) times.add('unit', `${file}.test.ts`, file * 1_000);
  times.add('e2e', 'twice.test.ts', 6_000);
  times.add('e2e', 'twice.test.ts', 6_000);
  const slowest = times.slowest().map(line => line.trim());
  assert.equal(slowest.length, 10);
  assert.deepEqual(slowest.slice(0, 2), ['12.0 s twice.test.ts', '11.0 s 11.test.ts']);
});

test('files run longest first by what earlier runs took, and those that never ran before them', () => {
  const times = new FileTimes({ 'a.test.ts': 1_000, 'b.test.ts': 3_000, 'gone.test.ts': 9_000 });
  const files = ['a.test.ts', 'b.test.ts', 'new.test.ts', 'newer.test.ts'];
  assert.deepEqual(times.longestFirst(files), ['new.test.ts', 'newer.test.ts', 'b.test.ts', 'a.test.ts']);
  assert.deepEqual(new FileTimes().longestFirst(files), files);
});

test('what a run took replaces what an earlier one took, and the rest is kept', () => {
  const times = new FileTimes({ 'a.test.ts': 1_000, 'b.test.ts': 3_000 });
  times.add('unit', 'b.test.ts', 500);
  assert.deepEqual(times.known(), { 'a.test.ts': 1_000, 'b.test.ts': 500 });
});
