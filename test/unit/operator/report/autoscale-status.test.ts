import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatCluster } from '../../../../operator/api/chat-cluster.ts';
import type { Condition } from '../../../../operator/api/kube-object.ts';
import type { Decision, ScaleReason } from '../../../../operator/autoscale/decide.ts';
import { scalingActive } from '../../../../operator/report/conditions.ts';
import { noticeOfWorkers, noticesOfConditions } from '../../../../operator/report/notices.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';

const decision = (reason: ScaleReason, message = 'm'): Decision => ({
  replicas: 3,
  reason,
  message,
  connections: 240,
  wanted: 3,
  target: 'connections',
  capacity: undefined,
  asks: [],
  history: [],
});
const condition = (reason: ScaleReason, message = 'm', status: Condition['status'] = 'True'): Condition => ({
  type: 'ScalingActive',
  status,
  lastTransitionTime: '2026-01-01T12:00:00Z',
  reason,
  message,
});

const STATUS: readonly (readonly [ScaleReason, string, string])[] = [
  ['ScaledUp', 'True', 'ScaledUp'],
  ['ScaledDown', 'True', 'ScaledDown'],
  ['Steady', 'True', 'Steady'],
  ['WindowOpen', 'True', 'Steady'],
  ['RateLimited', 'True', 'Steady'],
  ['AtMaximum', 'True', 'AtMaximum'],
  ['Collapsed', 'True', 'Collapsed'],
  ['DirectionDisabled', 'True', 'DirectionDisabled'],
  ['External', 'True', 'External'],
  ['Disabled', 'False', 'Disabled'],
  ['Held', 'False', 'Held'],
  ['PodsRefused', 'False', 'PodsRefused'],
  ['LoadUnknown', 'False', 'LoadUnknown'],
  ['NoGatewayReady', 'False', 'NoGatewayReady'],
  ['NotAskedYet', 'Unknown', 'NotAskedYet'],
];
for (const [reason, status, shown] of STATUS)
  test(`${reason} shows as ${status} ${shown}`, () => {
    const verdict = scalingActive(decision(reason), undefined);
    assert.deepEqual([verdict.status, verdict.reason], [status, shown]);
  });

test('numbers that change with every look are not written each time', () => {
  for (const reason of ['AtMaximum', 'Collapsed', 'DirectionDisabled'] as const)
    assert.equal(scalingActive(decision(reason, '12 wanted'), condition(reason, '11 wanted')).message, '11 wanted');
  for (const reason of ['Steady', 'WindowOpen', 'RateLimited'] as const)
    assert.equal(scalingActive(decision(reason), condition('ScaledUp', 'from 2 to 3')).message, 'from 2 to 3');
});

test('another silent gateway, and another cause of a hold, are written', () => {
  const silent = condition('LoadUnknown', 'a did not report', 'False');
  assert.equal(scalingActive(decision('LoadUnknown', 'b did not report'), silent).message, 'b did not report');
  const held = condition('Held', 'a rollout is in progress; 2 gateways wanted: 90 connections', 'False');
  const later = scalingActive(decision('Held', 'a rollout is in progress; 3 gateways wanted: 99 connections'), held);
  assert.deepEqual([later.status, later.message], ['False', held.message]);
  assert.equal(scalingActive(decision('Held', 'paused; 3 gateways wanted'), held).message, 'paused; 3 gateways wanted');
});

test('an operator that has just started repeats what was known', () => {
  const known = condition('AtMaximum', '12 wanted');
  assert.equal(scalingActive(decision('NotAskedYet'), known).message, '12 wanted');
});

test('with External the bounds are told where they hold', () => {
  const message = (text: string) => scalingActive(decision('External', text), undefined).message;
  assert.equal(message('from 4 to 3: gateway.replicas is 3'), 'gateway.replicas decides, set through /scale');
  assert.equal(
    message('from 4 to 6: gateway.replicas is 9, the bounds are 2 to 6'),
    'gateway.replicas is 9, the bounds are 2 to 6',
  );
});

test('a size set through /scale that Builtin ignores is told, with an Event for each number', () => {
  const scaled = (replicas: number): ChatCluster => ({
    ...stored({ gateway: { replicas, autoscaling: { mode: 'Builtin' } } }),
    scaledBy: 'kubectl-scale',
  });
  const told = scalingActive(decision('Steady'), condition('ScaledUp', 'from 2 to 3'), scaled(7));
  const note = 'gateway.replicas (7, set through /scale by kubectl-scale) is ignored while autoscaling.mode is Builtin';
  assert.deepEqual([told.reason, told.message], ['ScaledUp', `from 2 to 3; ${note}`]);
  const seen = { ...condition('ScaledUp'), message: told.message };
  assert.equal(scalingActive(decision('Steady'), seen, scaled(7)).message, told.message);
  assert.deepEqual(
    noticesOfConditions([condition('ScaledUp')], [seen]).map(({ type, reason, note: text }) => [type, reason, text]),
    [['Warning', 'ScaleIgnored', note]],
  );
  assert.deepEqual(noticesOfConditions([seen], [seen]), []);
  const other = { ...seen, message: scalingActive(decision('Steady'), seen, scaled(8)).message };
  assert.equal(noticesOfConditions([seen], [other])[0]?.reason, 'ScaleIgnored');
  // Nobody set it through /scale, or it counts.
  const { scaledBy: _, ...unscaled } = scaled(7);
  assert.equal(scalingActive(decision('Steady'), seen, unscaled).message, 'from 2 to 3');
  const declared = { ...scaled(7), spec: stored().spec };
  assert.equal(scalingActive(decision('Disabled'), undefined, declared).message, 'gateway.replicas decides');
});

test('Events tell when the size no longer follows the load, once', () => {
  const events = (before: ScaleReason, after: ScaleReason) =>
    noticesOfConditions([condition(before)], [condition(after)]).map(({ type, reason }) => `${type} ${reason}`);
  assert.deepEqual(events('Steady', 'LoadUnknown'), ['Warning LoadUnknown']);
  assert.deepEqual(events('ScaledUp', 'AtMaximum'), ['Warning AtMaximum']);
  assert.deepEqual(events('Steady', 'Collapsed'), ['Normal Collapsed']);
  assert.deepEqual(events('Steady', 'Held'), ['Normal Held']);
  assert.deepEqual(events('Held', 'Held'), []);
  assert.deepEqual(events('Held', 'Steady'), []);
});

test('a step of the workers is an Event with its numbers', () => {
  const step = { replicas: 5, reason: 'ScaledUp', message: 'from 1 to 5', wanted: 5, history: [] } as const;
  assert.equal(noticeOfWorkers(step)[0]?.note, 'workers from 1 to 5');
  assert.deepEqual(noticeOfWorkers({ ...step, reason: 'Steady' }), []);
});

test('a step that has to wait keeps the numbers it began with; another step has others', () => {
  const before = condition('ScaledDown', 'from 5 to 4: 90 connections');
  const message = (text: string) => scalingActive(decision('ScaledDown', text), before).message;
  assert.equal(message('from 5 to 4: 91 connections'), before.message);
  assert.equal(message('from 4 to 3: 91 connections'), 'from 4 to 3: 91 connections');
});
