import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planLeases, type SeenLease } from '../../../../../server/worker/fold/lease-plan.ts';

const leases = (fold: string, states: readonly SeenLease['state'][]): SeenLease[] =>
  states.map((state, index) => ({ key: `${fold}.${index}`, fold, state }));

test('a worker alone takes every free lease', () => {
  const plan = planLeases([...leases('a', ['free', 'mine']), ...leases('b', ['free', 'free'])], 1);
  assert.deepEqual(plan, { take: ['a.0', 'b.0', 'b.1'], release: [] });
});

test('with others it takes no more than its share of each fold', () => {
  const plan = planLeases([...leases('a', ['free', 'free', 'free']), ...leases('b', ['other', 'free', 'mine'])], 2);
  assert.deepEqual(plan, { take: ['a.0', 'a.1', 'b.1'], release: [] });
});

test('it gives up what is above its share, and never what is within', () => {
  assert.deepEqual(planLeases(leases('a', ['mine', 'mine', 'mine', 'mine']), 2), { take: [], release: ['a.2', 'a.3'] });
  assert.deepEqual(planLeases(leases('a', ['mine', 'mine', 'other']), 2), { take: [], release: [] });
});

test('however many workers there are, the shares of all are enough for every lease', () => {
  for (let workers = 1; workers <= 8; workers++)
    for (let partitions = 1; partitions <= 64; partitions++) {
      const free = leases(
        'a',
        Array.from({ length: partitions }, () => 'free' as const),
      );
      assert.ok(planLeases(free, workers).take.length * workers >= partitions);
    }
});
