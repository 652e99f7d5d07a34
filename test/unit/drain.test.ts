import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waveSize } from '../../server/session/drain.ts';

/** Sizes of the waves that close so many connections when each takes its 250 ms. */
function waves(connections: number, ms: number): number[] {
  const sizes: number[] = [];
  for (let left = connections, msLeft = ms; left > 0; msLeft -= 250) {
    const size = Math.min(left, waveSize(left, msLeft));
    sizes.push(size);
    left -= size;
  }
  return sizes;
}

for (const [connections, ms] of [
  [10_000, 20_000],
  [7, 20_000],
  [1_000, 1_000],
  [1, 1_000],
  [5, 100],
] as const) {
  test(`${connections} connections are closed in even waves within ${ms} ms`, () => {
    const sizes = waves(connections, ms);
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      connections,
    );
    assert.ok(sizes.length <= Math.max(1, ms / 250));
    assert.ok(Math.max(...sizes) <= Math.ceil(connections / Math.max(1, Math.floor(ms / 250))));
  });
}

test('after the deadline the next wave closes all that are left', () => {
  assert.equal(waveSize(123, 0), 123);
  assert.equal(waveSize(123, -5_000), 123);
});
