import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '../../../../../server/time/backoff.ts';
import { RETRY } from '../../../../../server/time/retry.ts';
import { type BatchState, type BatchStep, batchStep } from '../../../../../server/worker/batch/batch.ts';

const limits = { size: 100, delayMs: 50, maxBytes: 8 * 1024 * 1024 };
const empty: BatchState = { count: 0, bytes: 0, ageMs: 0, topped: false, busy: false };

const cases: [what: string, state: Partial<BatchState>, step: BatchStep][] = [
  ['an idle worker waits for one message', {}, { do: 'pull', count: 1, waitMs: 1_000 }],
  ['after a full batch it takes what is there', { busy: true }, { do: 'pull', count: 100, waitMs: 0 }],
  ['and waits if nothing is', { busy: true, topped: true }, { do: 'pull', count: 1, waitMs: 1_000 }],
  ['a young batch grows older', { count: 1, ageMs: 20 }, { do: 'sleep', ms: 30 }],
  ['an old batch takes what came meanwhile', { count: 1, ageMs: 50 }, { do: 'pull', count: 99, waitMs: 0 }],
  ['and is written then', { count: 7, ageMs: 51, topped: true }, { do: 'write' }],
  ['a full batch is written at once', { count: 100 }, { do: 'write' }],
  ['a batch of many bytes is full', { count: 8, bytes: 7.5 * 1024 * 1024 }, { do: 'write' }],
];
for (const [what, state, step] of cases)
  test(what, () => assert.deepEqual(batchStep({ ...empty, ...state }, limits), step));

test('without a delay a batch still takes what is there before it is written', () => {
  const now = { ...limits, delayMs: 0 };
  assert.deepEqual(batchStep({ ...empty, count: 1 }, now), { do: 'pull', count: 99, waitMs: 0 });
  assert.deepEqual(batchStep({ ...empty, count: 1, topped: true }, now), { do: 'write' });
});

test('a retry waits longer each time, at most 5 s, and never a fixed time', () => {
  assert.equal(backoffMs(RETRY, 1, 0), 50);
  assert.equal(backoffMs(RETRY, 1, 1), 100);
  assert.equal(backoffMs(RETRY, 4, 1), 800);
  assert.equal(backoffMs(RETRY, 1_000, 0), 2_500);
  assert.equal(backoffMs(RETRY, 1_000, 1), 5_000);
});
