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

test('above its limit of weight a map gives up the entries that were set longest ago', () => {
  const map = new BoundedMap<string, string>(10, { of: ({ length }) => length, most: 10 });
  map.set('a', 'xxxx').set('b', 'xxxx').set('c', 'xx');
  assert.deepEqual([...map.keys()], ['a', 'b', 'c']);
  map.set('a', 'xx').set('d', 'xx');
  assert.deepEqual([...map.keys()], ['b', 'c', 'a', 'd'], 'a lighter value takes the place of its own heavier one');
  map.set('e', 'xxxxxx');
  assert.deepEqual([...map.keys()], ['a', 'd', 'e'], 'as many go as are too much');
  map.delete('e');
  map.set('f', 'xxxxxx');
  assert.deepEqual([...map.keys()], ['a', 'd', 'f'], 'what was removed weighs nothing');
  map.clear();
  map.set('g', 'xxxxx').set('h', 'xxxxx');
  assert.deepEqual([...map.keys()], ['g', 'h']);
});

test('a value that is heavier than the limit is kept alone, until the next', () => {
  const map = new BoundedMap<string, string>(10, { of: ({ length }) => length, most: 3 });
  map.set('a', 'x').set('b', 'xxxx');
  assert.deepEqual([...map], [['b', 'xxxx']]);
  map.set('b', 'xxxxx');
  assert.deepEqual([...map], [['b', 'xxxxx']]);
  map.set('c', 'x').set('d', 'x');
  assert.deepEqual([...map.keys()], ['c', 'd']);
});

test('a limit of weight does not lift that of entries', () => {
  const map = new BoundedMap<string, string>(2, { of: () => 0, most: 0 });
  map.set('a', '').set('b', '').set('c', '');
  assert.deepEqual([...map.keys()], ['b', 'c']);
});
