import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FEATURES, type Feature } from '../../../../server/contract/features.ts';
import { NO_OVERLOAD, nextOverload, Overload, type OverloadState } from '../../../../server/telemetry/overload.ts';
import { seeded } from '../../../../tools/support/random.ts';

const LIMIT = 100;

/** Numbers of features left out after each second of a lag. */
function run(lags: readonly number[], limit = LIMIT, from: OverloadState = NO_OVERLOAD): number[] {
  let state = from;
  return lags.map(lag => {
    state = nextOverload(state, lag, limit);
    return state.leftOut;
  });
}
const seconds = (count: number, lag: number) => Array.from({ length: count }, () => lag);

test('features are left out one by one while the lag stays, each after two seconds, and never more than there are', () => {
  assert.deepEqual(run(seconds(12, 101)), [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5]);
});

test('they come back one by one after ten seconds each below half of the limit', () => {
  const all = { leftOut: 2, seconds: 0 };
  assert.deepEqual(run(seconds(21, 49), LIMIT, all), [...seconds(9, 2), ...seconds(10, 1), 0, 0]);
});

test('a lag around the limit changes nothing: what is left out neither comes back nor grows', () => {
  const some = { leftOut: 2, seconds: 0 };
  assert.deepEqual(new Set(run(seconds(60, 80), LIMIT, some)), new Set([2]));
  assert.deepEqual(new Set(run([101, 80, 101, 49, 101, 80], LIMIT, some)), new Set([2]));
});

test('nothing is left out where the limit is 0, also if it is set later', () => {
  assert.deepEqual(new Set(run(seconds(20, 9_999), 0)), new Set([0]));
  assert.deepEqual(run([9_999], 0, { leftOut: 5, seconds: 1 }), [0]);
});

test('any lags: at most one step a second, always within the features', () => {
  const random = seeded(7);
  let before = 0;
  for (const leftOut of run(Array.from({ length: 5_000 }, () => random() * 220))) {
    assert.ok(Math.abs(leftOut - before) <= 1 && leftOut >= 0 && leftOut <= FEATURES.length);
    before = leftOut;
  }
});

test('typing goes first and joins last; what is dropped is counted, and each change is told once', () => {
  const dropped: Feature[] = [];
  const told: (readonly Feature[])[] = [];
  const overload = new Overload({
    limitMs: () => LIMIT,
    dropped: feature => dropped.push(feature),
    changed: leftOut => told.push(leftOut),
  });
  const drops = () => FEATURES.filter(feature => overload.drops(feature));
  assert.deepEqual(drops(), []);
  for (let step = 1; step <= FEATURES.length; step++) {
    overload.tick(101);
    overload.tick(101);
    assert.deepEqual(drops(), FEATURES.slice(0, step));
  }
  assert.deepEqual([dropped.length, dropped[0], dropped.at(-1)], [15, 'typing', 'joins']);
  overload.tick(101);
  assert.deepEqual(
    told.map(features => features.length),
    [1, 2, 3, 4, 5],
  );
});
