import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rates } from '../../../../server/time/rates.ts';

const taken = (rates: Rates, name: string, now: number, tries: number) =>
  Array.from({ length: tries }, () => rates.take(name, now, 10, 100)).filter(Boolean).length;

test('each name has a bucket of its own', () => {
  const rates = new Rates();
  assert.deepEqual([taken(rates, 'a', 0, 150), taken(rates, 'b', 0, 150)], [100, 100]);
  assert.deepEqual([taken(rates, 'a', 1_000, 150), rates.size], [10, 2]);
});

test('a bucket that is full again is forgotten, one in use is not', () => {
  const rates = new Rates();
  for (let i = 0; i < 500; i++) rates.take(`room ${i}`, 0, 10, 100);
  assert.equal(taken(rates, 'busy', 5_000, 150), 100);
  assert.equal(rates.size, 501);
  assert.equal(taken(rates, 'busy', 10_000, 150), 50);
  assert.equal(rates.size, 1);
});

test('so many names are kept, and the one used longest ago makes room', () => {
  const rates = new Rates(3);
  for (const name of ['a', 'b', 'c', 'a', 'd', 'e']) rates.take(name, 0, 10, 100);
  assert.equal(rates.size, 3);
  assert.equal(taken(rates, 'a', 0, 150), 98); // remembered
  assert.equal(taken(rates, 'b', 0, 150), 100); // forgotten
  for (let i = 0; i < 1_000; i++) rates.take(`invented ${i}`, 0, 10, 100);
  assert.equal(rates.size, 3);
});
