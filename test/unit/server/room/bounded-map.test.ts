import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedMap } from '../../../../server/room/bounded-map.ts';

test('above its limit a map gives up the entry that was set longest ago', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1).set('b', 2).set('a', 3);
  assert.deepEqual(
    [...map],
    [
      ['b', 2],
      ['a', 3],
    ],
    'a value that is set again is not another entry',
  );
  map.set('c', 4);
  assert.deepEqual(
    [...map],
    [
      ['a', 3],
      ['c', 4],
    ],
  );
  assert.equal(map.get('a'), 3);
  map.set('d', 5);
  assert.deepEqual([...map.keys()], ['c', 'd'], 'a read does not count');
});

test('an entry that is removed makes room for another', () => {
  const map = new BoundedMap<string, number>(1);
  map.set('a', 1);
  map.delete('a');
  map.set('b', 2).set('b', 3);
  assert.deepEqual([...map], [['b', 3]]);
});
