import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Moment } from '../../../../server/time/clock.ts';
import { SeenEnds } from '../../../../server/worker/seen-ends.ts';
import { integer, seeded } from '../../../../tools/support/random.ts';

const WINDOW_MS = 60_000;
const at = (seconds: number) => (seconds * 1_000) as Moment;
const seen = (seconds: number, last: number) => ({ asked: at(seconds), answered: at(seconds), last });

test('a worker that has run for less than a window goes by the stamps', () => {
  const ends = new SeenEnds(WINDOW_MS);
  assert.equal(ends.bound(at(0), 5), 5);
  ends.note(seen(0, 100));
  for (const hot of [1, 41, 101, undefined]) assert.equal(ends.bound(at(59), hot), hot);
  assert.equal(ends.bound(at(59), null), 101, 'what came since the worker runs is young, whatever its stamp');
});

test('stamps that are ahead keep no message longer than a window', () => {
  const ends = new SeenEnds(WINDOW_MS);
  for (let second = 0; second <= 90; second += 2) ends.note(seen(second, 100 + second));
  assert.equal(ends.bound(at(90), 1), 131, 'all stamps are in the future');
  assert.equal(ends.bound(at(90), undefined), 131, 'the start by the stamps could not be read');
});

test('stamps that are behind cost no message of the last window', () => {
  const ends = new SeenEnds(WINDOW_MS);
  for (let second = 0; second <= 90; second += 2) ends.note(seen(second, 100 + second));
  assert.equal(ends.bound(at(90), null), 133, 'all stamps are old');
  assert.equal(ends.bound(at(200), null), null);
});

test('after a stream has lost its end, what was seen before counts no more', () => {
  const ends = new SeenEnds(WINDOW_MS);
  ends.note(seen(0, 100));
  ends.note(seen(61, 90));
  assert.equal(ends.bound(at(62), 1), 1);
});

test('by right stamps the start stays what it is, and is never further off than two samples by others', () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = seeded(seed);
    const ends = new SeenEnds(WINDOW_MS);
    const stored: number[] = []; // second at which each offset was stored
    let second = 0;
    while (second < 300) {
      for (let count = integer(random, 4); count > 0; count--) stored.push(second);
      second += 1 + integer(random, 3);
      ends.note(seen(second, stored.length));
      const hot = stored.findIndex(each => each > second - WINDOW_MS / 1_000) + 1 || null;
      const end = stored.length + 1;
      assert.equal(ends.bound(at(second), hot) ?? end, hot ?? end, `seed ${seed}, second ${second}`);
      if (second < 70) continue;
      const bounded = ends.bound(at(second), 1) ?? Number.NaN;
      const age = second - (stored[bounded - 1] ?? second);
      assert.ok(age <= WINDOW_MS / 1_000 + 6, `seed ${seed}, second ${second}: ${age} s`);
    }
  }
});
