import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pacer } from '../../../../server/traffic/pacer.ts';
import { WAVE_EVERY_MS } from '../../../../server/traffic/waves.ts';
import { integer, seeded } from '../../../../tools/support/random.ts';

interface Done {
  readonly at: number;
  readonly count: number;
}

/** Most that was done in any second. */
const peak = (waves: readonly Done[], windowMs = 1_000) =>
  Math.max(
    ...waves.map(({ at }) =>
      waves.filter(other => other.at >= at && other.at < at + windowMs).reduce((sum, { count }) => sum + count, 0),
    ),
  );

/** Asks at each of the times and writes down what was given. */
function run(pacer: Pacer, times: readonly number[], wanted: number, perSecond: number): Done[] {
  let left = wanted;
  return times.map(at => {
    const count = pacer.take(at, left, perSecond);
    left -= count;
    return { at, count };
  });
}

const every = (ms: number, total: number) => Array.from({ length: Math.floor(total / ms) }, (_, i) => i * ms);
const sum = (waves: readonly Done[]) => waves.reduce((all, { count }) => all + count, 0);

for (const perSecond of [1, 3, 4, 7, 100, 999]) {
  test(`${perSecond} a second: never more in any second, and no slower over twenty`, () => {
    const waves = run(new Pacer(), every(WAVE_EVERY_MS, 20_000), 1_000_000, perSecond);
    assert.ok(peak(waves) <= perSecond, `${peak(waves)} in a second`);
    assert.ok(sum(waves) >= perSecond * 15, `${sum(waves)} in all`);
    assert.ok(Math.max(...waves.map(({ count }) => count)) <= Math.ceil(perSecond / 4));
  });
}

test('those who receive the waves a little later, each by another time, see no more either', () => {
  const random = seeded(3);
  const waves = run(new Pacer(), every(WAVE_EVERY_MS, 20_000), 1_000_000, 200);
  const seen = waves.map(({ at, count }) => ({ at: at + integer(random, 50), count }));
  assert.ok(peak(seen) <= 200, `${peak(seen)} in a second`);
});

test('less than one a second is one in so many', () => {
  const waves = run(new Pacer(), every(WAVE_EVERY_MS, 40_000), 1_000, 0.25);
  assert.deepEqual(
    waves.filter(({ count }) => count > 0).map(({ at }) => at),
    Array.from({ length: 8 }, (_, i) => i * 5_000),
  );
});

test('timers that come late, or two at once, break no limit', () => {
  const random = seeded(7);
  for (let round = 0; round < 50; round++) {
    const perSecond = 1 + integer(random, 60);
    const times: number[] = [];
    for (let at = 0; at < 20_000; at += integer(random, 4) === 0 ? integer(random, 900) : WAVE_EVERY_MS) times.push(at);
    const waves = run(new Pacer(), times, 1_000_000, perSecond);
    assert.ok(peak(waves) <= perSecond, `${peak(waves)} in a second instead of ${perSecond}`);
  }
});

test('a pause is not made up for, and a rate that is raised counts at once', () => {
  const pacer = new Pacer();
  assert.equal(pacer.take(0, 100, 0.1), 1);
  assert.equal(pacer.take(60_000, 100, 4), 1);
  assert.ok(pacer.take(61_000, 1_000, 400) <= 101);
});

test('no more is given than is wanted', () => {
  const pacer = new Pacer();
  assert.deepEqual([pacer.take(0, 0, 100), pacer.take(0, 3, 100), pacer.take(0, 0, 100)], [0, 3, 0]);
});

test('who begins waits a gap, so that a rate that changes hands is kept', () => {
  const first = run(new Pacer(), every(250, 2_000), 1_000, 4);
  const second = new Pacer();
  // The first has ended with a close at 1,750; its rate is given on at once.
  second.begin(1_751, 4);
  const both = [...first, ...run(second, [1_751, 1_900, 2_001, 2_251, 2_501], 1_000, 4)];
  assert.ok(peak(both) <= 4 + 1, `${peak(both)} in a second`);
  assert.deepEqual(
    both.filter(({ at, count }) => at < 2_001 && at > 1_750 && count > 0),
    [],
  );
});
