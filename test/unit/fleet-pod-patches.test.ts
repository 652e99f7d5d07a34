import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DELETION_COST_ANNOTATION, OPTIONS_ANNOTATION } from '../../operator/desired/names.ts';
import { podPatches } from '../../operator/fleet/pod-patches.ts';
import { TRAFFIC_ANNOTATION, type TrafficIntent } from '../../server/contract.ts';
import { type GatewayPodChange, gatewayPod } from '../support/fleet-objects.ts';

const VERSION = '0123456789abcdef';
const pod = (name: string, change: GatewayPodChange = {}) =>
  gatewayPod(name, 'r', { annotations: { [OPTIONS_ANNOTATION]: VERSION }, ...change });
const intent = (reason: TrafficIntent['reason']): TrafficIntent => ({ reason, since: '2026-01-01T00:00:00.000Z' });
const annotationsFor = (wanted: TrafficIntent | undefined) =>
  podPatches([pod('a')], new Map([['a', wanted]]), VERSION)[0]?.annotations;

test('gateways of whom nothing new is wanted are not written to', () => {
  assert.deepEqual(podPatches([pod('a'), pod('b')], new Map(), VERSION), []);
});

test('an intent and the cost of its pod go in one write', () => {
  for (const reason of ['ScaleDown', 'Hibernate', 'Rollout'] as const) {
    const {
      [TRAFFIC_ANNOTATION]: text,
      [DELETION_COST_ANNOTATION]: cost,
      ...rest
    } = annotationsFor(intent(reason)) ?? {};
    assert.deepEqual(JSON.parse(text ?? ''), intent(reason));
    assert.ok(Number(cost) < 0, reason);
    assert.deepEqual(rest, {});
  }
});

test('a gateway that stays is not made cheap: neither one that sheds nor one on a node that leaves', () => {
  for (const reason of ['Rebalance', 'NodeDrain'] as const)
    assert.equal(annotationsFor(intent(reason))?.[DELETION_COST_ANNOTATION], null, reason);
});

test('who is not to go any more loses both', () => {
  assert.deepEqual(annotationsFor(undefined), { [TRAFFIC_ANNOTATION]: null, [DELETION_COST_ANNOTATION]: null });
});

test('new options are told to every gateway that does not have them, once their ConfigMap holds them', () => {
  const pods = [pod('a'), gatewayPod('b', 'r'), pod('c', { annotations: { [OPTIONS_ANNOTATION]: 'old' } })];
  assert.deepEqual(
    podPatches(pods, new Map(), VERSION).map(patch => [patch.pod.metadata.name, patch.annotations]),
    [
      ['b', { [OPTIONS_ANNOTATION]: VERSION }],
      ['c', { [OPTIONS_ANNOTATION]: VERSION }],
    ],
  );
  assert.deepEqual(podPatches(pods, new Map(), undefined), []);
});

test('a pod that terminates is left alone', () => {
  const gone = pod('a', { terminating: true, annotations: {} });
  assert.deepEqual(podPatches([gone], new Map([['a', intent('ScaleDown')]]), VERSION), []);
});
