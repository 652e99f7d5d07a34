import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rate } from '../../../../server/time/rate.ts';

const taken = (rate: Rate, now: number, tries: number, perSecond = 10, burst = 5) =>
  Array.from({ length: tries }, () => rate.take(now, perSecond, burst)).filter(Boolean).length;

test('a burst passes at once, then so many a second', () => {
  const rate = new Rate(5, 0);
  assert.equal(taken(rate, 0, 20), 5);
  assert.equal(taken(rate, 100, 20), 1);
  assert.equal(taken(rate, 350, 20), 2);
  assert.equal(taken(rate, 400, 20), 1);
  assert.equal(taken(rate, 60_000, 20), 5);
});

test('trying in vain costs nothing', () => {
  const rate = new Rate(1, 0);
  assert.equal(taken(rate, 0, 1_000, 1, 1), 1);
  assert.equal(taken(rate, 1_000, 1_000, 1, 1), 1);
});

test('a clock that is set back gives nothing and takes nothing away', () => {
  const rate = new Rate(5, 3_600_000);
  assert.equal(taken(rate, 3_600_000, 2), 2);
  assert.equal(taken(rate, 0, 20), 3);
  assert.equal(taken(rate, 200, 20), 2);
});

test('another rate and another burst apply from the next one on', () => {
  const rate = new Rate(5, 0);
  assert.equal(taken(rate, 0, 20, 10, 2), 2);
  assert.equal(taken(rate, 1_000, 20, 3, 10), 3);
});
