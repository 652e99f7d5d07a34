import assert from 'node:assert/strict';
import { test } from 'node:test';
import { featuresOffered } from '../../../../operator/report/features.ts';
import { noticesOfConditions } from '../../../../operator/report/notices.ts';

const of = (...leftOut: (number | undefined)[]) =>
  featuresOffered(
    leftOut.map(count => (count === undefined ? undefined : { featuresLeftOut: count })),
    undefined,
  );
const condition = (verdict: ReturnType<typeof of>) => ({
  ...verdict,
  observedGeneration: 1,
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

test('the condition names what the busiest gateway leaves out', () => {
  const verdict = of(0, 3, undefined);
  assert.deepEqual([verdict.status, verdict.reason], ['False', 'Overloaded']);
  assert.match(verdict.message, /leaves out typing, states of users, receipts; messages are delivered/);
  assert.equal(of(0, undefined).status, 'True');
  for (const silent of [of(undefined), of()])
    assert.deepEqual([silent.status, silent.reason], ['Unknown', 'NoGatewayAnswers']);
  assert.equal(featuresOffered([{}], undefined).status, 'True', 'an older gateway');
});

test('before the first answers it is as it was', () => {
  assert.deepEqual(featuresOffered(undefined, condition(of(1))), of(1));
  assert.match(featuresOffered(undefined, undefined).message, /gateways have not been asked/);
});

test('an Event tells of the overload and of its end, not of each step', () => {
  const reasons = (before: ReturnType<typeof of>, now: ReturnType<typeof of>) =>
    noticesOfConditions([condition(before)], [condition(now)]).map(({ type, reason }) => `${type} ${reason}`);
  assert.deepEqual(reasons(of(0), of(1)), ['Warning Overloaded']);
  assert.deepEqual(reasons(of(1), of(2)), []);
  assert.deepEqual(reasons(of(2), of(0)), ['Normal AllOffered']);
});
