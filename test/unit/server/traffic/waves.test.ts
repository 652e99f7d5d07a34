import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WAVE_EVERY_MS, waveShare } from '../../../../server/traffic/waves.ts';

/** Connections that are left after each wave. */
function course(connections: number, ms: number): number[] {
  const left: number[] = [];
  let open = connections;
  for (let msLeft = ms; msLeft > 0 && open > 0; msLeft -= WAVE_EVERY_MS) {
    open -= waveShare(open, msLeft);
    left.push(open);
  }
  return left;
}

for (const [connections, ms] of [
  [10_000, 20_000],
  [700, 20_000],
  [1_000, 1_000],
  [1, 1_000],
] as const) {
  test(`${connections} connections are closed evenly within ${ms} ms`, () => {
    const left = course(connections, ms);
    assert.equal(left.at(-1), 0);
    assert.equal(left.length, ms / WAVE_EVERY_MS);
    const half = left[left.length / 2 - 1] ?? Number.NaN;
    assert.ok(Math.abs(half - connections / 2) < 1e-6, `${half} are left at half-time`);
  });
}

test('who comes, and waves that come late, are spread over the time that is left', () => {
  assert.equal(waveShare(500, 5_000), 10);
  assert.equal(waveShare(500, 2_500), 20);
});

test('in the last wave, and after the deadline, all that are left are closed', () => {
  for (const msLeft of [WAVE_EVERY_MS, 0, -5_000]) assert.equal(waveShare(123, msLeft), 123);
});

test('few are closed one a second, whatever the time', () => {
  assert.equal(waveShare(7, 20_000), WAVE_EVERY_MS / 1_000);
  const left = course(7, 20_000);
  assert.ok(Math.abs(left.length * WAVE_EVERY_MS - 7_000) <= WAVE_EVERY_MS, `${left.length} waves`);
});
