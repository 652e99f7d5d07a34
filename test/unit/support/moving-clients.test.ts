import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peakPerSecond } from '../../support/chat/moving-clients.ts';

test('the peak is the most within any one second, wherever that second starts', () => {
  assert.equal(peakPerSecond([]), 0);
  assert.equal(peakPerSecond([5]), 1);
  assert.equal(peakPerSecond([0, 1_000, 2_000]), 1);
  assert.equal(peakPerSecond([900, 0, 950, 1_050, 1_899]), 4);
});
