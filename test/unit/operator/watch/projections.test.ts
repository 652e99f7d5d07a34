import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../../../operator/api/kube-object.ts';
import { podKey, projectPod } from '../../../../operator/watch/pod-projection.ts';
import { projectCluster } from '../../../../operator/watch/projections.ts';
import { autoscaledKey, leavingNode, projectSlice } from '../../../../operator/watch/related-objects.ts';

const object = (body: object, metadata: object = {}): KubeObject =>
  ({ apiVersion: 'v1', kind: 'Any', metadata: { name: 'it', namespace: 'team', ...metadata }, ...body }) as KubeObject;

test('of the managed fields of a ChatCluster only the writer of its scale is kept', () => {
  const owns = { 'f:spec': { 'f:gateway': { 'f:replicas': {} } } };
  const scaledBy = (managedFields: object[]) => projectCluster(object({ spec: {} }, { managedFields })).scaledBy;
  assert.equal(scaledBy([{ manager: 'kubectl', subresource: 'scale', fieldsV1: owns }]), 'kubectl');
  assert.equal(scaledBy([{ manager: 'kubectl', fieldsV1: owns }]), undefined);
  assert.equal(scaledBy([]), undefined);
});

test('of a pod only what decisions need is kept', () => {
  const raw = object(
    {
      spec: { nodeName: 'node-1', containers: [{ name: 'gateway', image: 'large' }] },
      status: {
        phase: 'Running',
        podIP: '10.0.0.1',
        hostIP: '10.1.0.1',
        conditions: [
          { type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: '2026-01-01T00:00:00Z' },
          { type: 'Odd', status: 'False', lastTransitionTime: null, reason: 'Because', message: 'so' },
        ],
        containerStatuses: [
          {
            name: 'gateway',
            restartCount: 2,
            imageID: 'large',
            state: { running: { startedAt: '2026-01-01T00:00:01Z' } },
          },
        ],
      },
    },
    {
      uid: 'u',
      resourceVersion: '7',
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { a: 'b' },
      annotations: {
        'chatcluster.dev/traffic': '{}',
        'controller.kubernetes.io/pod-deletion-cost': '-1',
        'example.com/notes': 'large',
      },
      managedFields: [],
    },
  );
  assert.deepEqual(projectPod(raw), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'it',
      namespace: 'team',
      uid: 'u',
      labels: { a: 'b' },
      annotations: { 'chatcluster.dev/traffic': '{}', 'controller.kubernetes.io/pod-deletion-cost': '-1' },
      resourceVersion: '7',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: { nodeName: 'node-1' },
    status: {
      phase: 'Running',
      podIP: '10.0.0.1',
      conditions: [
        { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' },
        { type: 'Odd', status: 'False', reason: 'Because', message: 'so' },
      ],
      containers: [{ name: 'gateway', restarts: 2, startedAt: '2026-01-01T00:00:01Z' }],
    },
  });
});

test('a pod that nothing is known of yet has no fields with nothing in them', () => {
  assert.deepEqual(projectPod(object({}, { annotations: { 'example.com/notes': '' } })), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'it', namespace: 'team' },
    spec: {},
    status: { conditions: [], containers: [] },
  });
});

const OURS = {
  'chatcluster.dev/cluster': 'chat',
  'app.kubernetes.io/component': 'gateway',
  'chatcluster.dev/revision': '0123456789',
};
const WORKER = { ...OURS, 'app.kubernetes.io/component': 'worker' };
const owned = (name: string, change: object = {}) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: 'u', controller: true, ...change }],
});
for (const [what, metadata, key] of [
  ['a gateway', { labels: OURS, ...owned('chat-gateway-0123456789-5d4f8c7b9') }, 'team/chat'],
  ['a worker', { labels: WORKER, ...owned('chat-worker-7c9d6b5f4') }, 'team/chat'],
  ['a pod with their labels alone', { labels: OURS }, undefined],
  ['a pod of another Deployment', { labels: OURS, ...owned('web-5d4f8c7b9') }, undefined],
  ['a gateway of another revision', { labels: OURS, ...owned('chat-gateway-aaaaaaaaaa-5d4f8c7b9') }, undefined],
  ['a worker that says it is a gateway', { labels: OURS, ...owned('chat-worker-7c9d6b5f4') }, undefined],
  ['a pod of a Deployment with a longer name', { labels: WORKER, ...owned('chat-worker-copy-7c9d6b5f4') }, undefined],
  ['a pod of a Job', { labels: WORKER, ...owned('chat-worker-1', { apiVersion: 'batch/v1', kind: 'Job' }) }, undefined],
  [
    'a pod that a ReplicaSet owns but does not control',
    { labels: WORKER, ...owned('chat-worker-7c9d6b5f4', { controller: false }) },
    undefined,
  ],
] as const)
  test(`${what} belongs to ${key ?? 'no ChatCluster'}`, () => {
    assert.equal(podKey(object({}, metadata)), key);
  });

test('an endpoint is what its slice says, ready where it says nothing, and only if it is a pod', () => {
  const of = (name: string, conditions?: object) => ({ targetRef: { kind: 'Pod', name }, conditions });
  const slice = object(
    {
      endpoints: [
        of('ready', { ready: true, serving: true, terminating: false }),
        of('draining', { ready: false, serving: true, terminating: true }),
        of('broken', { ready: false }),
        of('unknown', {}),
        of('bare'),
        { targetRef: { kind: 'Node', name: 'node' } },
        { addresses: ['10.0.0.1'] },
      ],
    },
    { labels: { 'kubernetes.io/service-name': 'chat' } },
  );
  assert.deepEqual(projectSlice(slice), {
    service: 'chat',
    endpoints: [
      { pod: 'ready', ready: true, serving: true, terminating: false },
      { pod: 'draining', ready: false, serving: true, terminating: true },
      { pod: 'broken', ready: false, serving: false, terminating: false },
      { pod: 'unknown', ready: true, serving: true, terminating: false },
      { pod: 'bare', ready: true, serving: true, terminating: false },
    ],
  });
  assert.deepEqual(projectSlice(object({ endpoints: null })), { service: '', endpoints: [] });
});

for (const [what, scaleTargetRef, key] of [
  ['a ChatCluster', { apiVersion: 'chatcluster.dev/v1alpha1', kind: 'ChatCluster', name: 'chat' }, 'team/chat'],
  ['gateways', { apiVersion: 'apps/v1', kind: 'Deployment', name: 'chat-gateway-0123456789' }, 'team/chat'],
  [
    'an odd name',
    { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a-gateway-gateway-0123456789' },
    'team/a-gateway',
  ],
  ['an API gateway', { apiVersion: 'apps/v1', kind: 'Deployment', name: 'chat-gateway' }, undefined],
  ['another API gateway', { apiVersion: 'apps/v1', kind: 'Deployment', name: 'chat-gateway-v2' }, undefined],
  ['workers', { apiVersion: 'apps/v1', kind: 'Deployment', name: 'chat-worker' }, undefined],
  ['a StatefulSet', { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'chat-gateway' }, undefined],
  ["another group's ChatCluster", { apiVersion: 'example.com/v1', kind: 'ChatCluster', name: 'chat' }, undefined],
] as const)
  test(`a HorizontalPodAutoscaler of ${what} belongs to ${key ?? 'no ChatCluster'}`, () => {
    assert.equal(autoscaledKey(object({ spec: { scaleTargetRef } })), key);
  });

for (const [what, spec, leaves] of [
  ['in use', {}, false],
  ['that is cordoned', { unschedulable: true }, true],
  [
    'the cluster autoscaler removes',
    { taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] },
    true,
  ],
  ['Karpenter removes', { taints: [{ key: 'karpenter.sh/disrupted', effect: 'NoSchedule' }] }, true],
  ['for chat alone', { taints: [{ key: 'dedicated', value: 'chat', effect: 'NoExecute' }] }, false],
  ['out of reach', { taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }] }, false],
] as const)
  test(`a node ${what} is ${leaves ? '' : 'not '}leaving`, () => {
    assert.equal(leavingNode(object({ spec })), leaves ? 'it' : undefined);
  });
