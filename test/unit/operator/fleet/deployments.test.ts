import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Deployment, refusedPods, updateOf } from '../../../../operator/fleet/deployments.ts';
import { ready, rolledOut } from '../../../../operator/report/conditions.ts';

const deployment = (status: object, replicas = 2): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'chat-worker', generation: 3 },
  spec: { replicas },
  status: { observedGeneration: 3, replicas, updatedReplicas: replicas, ...status },
});
const failing = (message: string) =>
  deployment({ conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }] });

test('the reason why pods cannot be created leaves out the name of the pod, which differs with each attempt', () => {
  const cases: readonly (readonly [string, string])[] = [
    [
      'pods "chat-worker-5d-x2" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2',
      'exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2',
    ],
    [
      'pods "chat-worker-5d-x2" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true',
      'violates PodSecurity "restricted:latest": runAsNonRoot != true',
    ],
    [
      'Pod "chat-worker-5d-x2" is invalid: spec.containers[0].resources.requests: Invalid value',
      'Pod is invalid: spec.containers[0].resources.requests: Invalid value',
    ],
    [
      'Internal error occurred: failed calling webhook "w": connection refused',
      'Internal error occurred: failed calling webhook "w": connection refused',
    ],
  ];
  for (const [message, reported] of cases)
    assert.deepEqual(refusedPods([deployment({}), failing(message)]), {
      reason: 'PodsRefused',
      message: `pods cannot be created: ${reported}`,
    });
  assert.equal(refusedPods([deployment({})]), undefined);
  const long = refusedPods([failing('x'.repeat(2_000))]) ?? assert.fail('no problem is reported');
  assert.ok(long.message.length > 100 && long.message.length < 400);
});

const COMPLETE = { reason: 'Complete', message: '2 of 2 gateways ready, all of one revision' } as const;
const done = (workers: Deployment | undefined, isCurrent = true) =>
  rolledOut(COMPLETE, {
    desired: 2,
    replicas: 2,
    ready: 2,
    problem: undefined,
    update: updateOf(workers, isCurrent),
  });

test('a change has come to its end when gateways and workers are of it', () => {
  const cases: readonly (readonly [string, Deployment | undefined, boolean, string, string])[] = [
    ['all updated', deployment({}), true, 'True', 'Complete'],
    ['no Deployment yet', undefined, true, 'False', 'WorkersUpdating'],
    ['not written yet', deployment({}), false, 'False', 'WorkersUpdating'],
    ['not seen by its controller', deployment({ observedGeneration: 2 }), true, 'False', 'WorkersUpdating'],
    ['half of them', deployment({ updatedReplicas: 1 }), true, 'False', 'WorkersUpdating'],
    ['old ones are left', deployment({ replicas: 3 }), true, 'False', 'WorkersUpdating'],
  ];
  for (const [what, workers, isCurrent, status, reason] of cases) {
    const verdict = done(workers, isCurrent);
    assert.deepEqual([verdict.status, verdict.reason], [status, reason], what);
  }
  const moving = rolledOut(
    { reason: 'Moving', message: '1 old gateway' },
    { desired: 1, replicas: 1, ready: 1, problem: undefined, update: updateOf(deployment({}), true) },
  );
  assert.deepEqual([moving.status, moving.reason, moving.message], ['False', 'Moving', '1 old gateway']);
});

test('workers that make no progress are a rollout that has stopped', () => {
  const message = 'ReplicaSet "chat-worker-5d" has timed out progressing.';
  const late = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message };
  const workers = deployment({ updatedReplicas: 1, conditions: [late] });
  assert.match(done(workers).message, /^1 of 2 workers updated: ReplicaSet .* has timed out/);
  const fleet = { desired: 2, replicas: 2, ready: 2, problem: undefined };
  const verdict = ready({
    available: { type: 'GatewaysAvailable', status: 'True', reason: 'AllReady', message: '' },
    moving: { type: 'Progressing', status: 'True', reason: 'Complete', message: '' },
    gateways: fleet,
    workers: { ...fleet, update: updateOf(workers, true) },
    backends: [],
    failure: undefined,
    against: [],
  });
  assert.deepEqual(
    [verdict.status, verdict.reason, verdict.message],
    ['False', 'RolloutStopped', `workers: ${message}`],
  );
});
