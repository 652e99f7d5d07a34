import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FirstSeen } from '../../../../operator/process/first-seen.ts';

test('a state lasts from the first look that found it, until a look finds another one', () => {
  const seen = new FirstSeen();
  assert.deepEqual([seen.since('a', 'up', 10), seen.since('a', 'up', 20), seen.since('b', 'up', 20)], [10, 10, 20]);
  assert.deepEqual([seen.since('a', 'down', 30), seen.since('a', 'up', 40)], [30, 40]);
});

test('what a look does not ask for is forgotten, so that it begins anew', () => {
  const seen = new FirstSeen();
  const look = (now: number, ...things: readonly string[]) => {
    seen.begin();
    return things.map(thing => seen.since(thing, '', now));
  };
  assert.deepEqual(look(1, 'a', 'b'), [1, 1]);
  assert.deepEqual(look(2, 'a'), [1]);
  assert.deepEqual(look(3, 'a', 'b'), [1, 3]);
});
