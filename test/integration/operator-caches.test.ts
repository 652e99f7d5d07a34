import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { KubeClient } from '../../operator/kube/client.ts';
import { accessOf } from '../../operator/kube/http.ts';
import { RESOURCES, type Resource } from '../../operator/kube/resources.ts';
import { Caches } from '../../operator/watch/caches.ts';
import { systemClock } from '../../server/time/clock.ts';
import { until } from '../../tools/support/until.ts';
import { type ApiServer, startApiServer } from '../support/kube/api-server.ts';
import { chatCluster, installChart } from '../support/kube/chat-operator.ts';

const KEY = 'default/chat';
const UID = '00000000-0000-4000-8000-000000000000';

/** The caches with the rights of the chart, listed once. */
async function watching(t: TestContext, api: ApiServer, options: { namespace: string; watchNodes: boolean }) {
  const changes: string[] = [];
  const client = new KubeClient(accessOf(api.kubeconfig('operator')), {
    fieldManager: 'test',
    now: () => performance.now(),
  });
  const failures: string[] = [];
  const caches = new Caches({
    client,
    ...options,
    clock: systemClock,
    random: Math.random,
    onChange: key => changes.push(key),
    onFailure: (resource, error) => failures.push(`${resource.kind}: ${error}`),
  });
  const stopping = new AbortController();
  const running = caches.run(stopping.signal);
  t.after(async () => {
    stopping.abort();
    await running;
  });
  await until('all kinds are listed', () => caches.isSynced, { state: () => failures });
  return { caches, changes, client };
}

const labelled = (kind: Resource, name: string, body: object, labels: object = {}): KubeObject =>
  ({
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { name, namespace: 'default', labels: { 'chatcluster.dev/cluster': 'chat', ...labels } },
    ...body,
  }) as KubeObject;
const node = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
const intruder = (name: string, nodeName: string) =>
  labelled(
    RESOURCES.pods,
    name,
    { spec: { nodeName, containers: [{ name: 'gateway', image: 'example.com/chat:1' }] } },
    { 'app.kubernetes.io/component': 'gateway', 'chatcluster.dev/revision': '0123456789' },
  );
const pod = (name: string, nodeName: string): KubeObject => {
  const replicaSet = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'chat-gateway-0123456789-5d4f8c7b9' };
  const made = intruder(name, nodeName);
  return { ...made, metadata: { ...made.metadata, ownerReferences: [{ ...replicaSet, uid: UID, controller: true }] } };
};

test('endpoints are known by their Service', async t => {
  const api = await startApiServer(t);
  await installChart(api);
  const { caches, changes } = await watching(t, api, { namespace: '', watchNodes: true });
  const slice = (name: string, service: string, ready: boolean) =>
    labelled(
      RESOURCES.endpointSlices,
      name,
      {
        addressType: 'IPv4',
        endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready }, targetRef: { kind: 'Pod', name: 'gateway-1' } }],
      },
      { 'kubernetes.io/service-name': service },
    );
  await api.client.create(RESOURCES.endpointSlices, slice('chat-1', 'chat', true));
  await api.client.create(RESOURCES.endpointSlices, slice('chat-gateways-1', 'chat-gateways', false));
  const offered = () => caches.endpoints(KEY, 'chat').filter(({ ready }) => ready);
  await until('both are known', () => offered().length === 1 && caches.endpoints(KEY, 'chat-gateways').length === 1);
  assert.deepEqual(offered(), [{ pod: 'gateway-1', ready: true, serving: true, terminating: false }]);
  assert.deepEqual(caches.endpoints('default/other', 'chat'), []);

  const told = changes.length;
  await api.client.patch(RESOURCES.endpointSlices, 'default', 'chat-1', { metadata: { labels: { no: 'news' } } });
  await api.client.patch(RESOURCES.endpointSlices, 'default', 'chat-1', { endpoints: [] });
  await until('it is offered no more', () => caches.endpoints(KEY, 'chat').length === 0);
  assert.deepEqual(changes.slice(told), [KEY], 'what changes nothing is no news');
});

test('a PodDisruptionBudget is a child, a HorizontalPodAutoscaler of the ChatCluster is known', async t => {
  const api = await startApiServer(t);
  await installChart(api);
  const { caches, changes } = await watching(t, api, { namespace: '', watchNodes: true });
  const budget = labelled(RESOURCES.podDisruptionBudgets, 'chat-gateway', { spec: { maxUnavailable: 1 } });
  await api.client.create(RESOURCES.podDisruptionBudgets, budget);
  const autoscaler = (name: string, scaleTargetRef: object): KubeObject => ({
    ...labelled(RESOURCES.horizontalPodAutoscalers, name, { spec: { maxReplicas: 3, scaleTargetRef } }),
    metadata: { name, namespace: 'default' },
  });
  const target = { apiVersion: 'chatcluster.dev/v1alpha1', kind: 'ChatCluster', name: 'chat' };
  const other = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  await api.client.create(RESOURCES.horizontalPodAutoscalers, autoscaler('ours', target));
  await api.client.create(RESOURCES.horizontalPodAutoscalers, autoscaler('theirs', other));
  await until('both are known', () => caches.autoscalersOf(KEY).length === 1 && caches.children(KEY).length === 1);
  assert.deepEqual(caches.autoscalersOf(KEY), [{ name: 'ours', target: { kind: 'ChatCluster', name: 'chat' } }]);
  assert.deepEqual(new Set(changes), new Set([KEY]), 'what is not of a ChatCluster tells nobody');

  await api.client.patch(RESOURCES.horizontalPodAutoscalers, 'default', 'ours', { spec: { scaleTargetRef: other } });
  await until('it scales something else now', () => caches.autoscalersOf(KEY).length === 0);
});

test('a node that is cordoned tells the ChatClusters with pods on it', async t => {
  const api = await startApiServer(t);
  await installChart(api);
  for (const name of ['node-1', 'node-2']) await api.client.create(RESOURCES.nodes, node(name));
  const { caches, changes } = await watching(t, api, { namespace: '', watchNodes: true });
  await api.client.create(RESOURCES.pods, pod('gateway-1', 'node-1'));
  await until('the pod is known', () => caches.pods(KEY, 'gateway')[0]?.spec?.nodeName === 'node-1');
  changes.length = 0;

  const cordon = (name: string, unschedulable: boolean) =>
    api.client.patch(RESOURCES.nodes, '', name, { spec: { unschedulable } });
  await cordon('node-2', true);
  await until('node-2 leaves', () => caches.leavingNodes().has('node-2'));
  assert.deepEqual(changes, []);
  await cordon('node-1', true);
  await until('node-1 leaves', () => caches.leavingNodes().has('node-1'));
  assert.deepEqual(changes, [KEY]);
  await cordon('node-1', false);
  await until('node-1 stays after all', () => !caches.leavingNodes().has('node-1'));
  assert.deepEqual(changes, [KEY, KEY]);
});

test('the answer to a patch of a pod is known at once, and the chart gives the right to it', async t => {
  const api = await startApiServer(t);
  await installChart(api);
  const { caches, client } = await watching(t, api, { namespace: '', watchNodes: true });
  const { metadata } = await api.client.create(RESOURCES.pods, pod('gateway-1', 'node-1'));
  await until('the pod is known', () => caches.pods(KEY, 'gateway').length === 1);
  const { uid, resourceVersion } = metadata;
  const annotations = { 'chatcluster.dev/traffic': '{}', 'controller.kubernetes.io/pod-deletion-cost': '-5' };
  caches.written(
    await client.patch(RESOURCES.pods, 'default', 'gateway-1', { metadata: { uid, resourceVersion, annotations } }),
  );
  assert.deepEqual(caches.pods(KEY, 'gateway')[0]?.metadata.annotations, annotations);
});

test('a pod that bears the labels of a gateway and is none belongs to nobody', async t => {
  const api = await startApiServer(t);
  await installChart(api);
  const { caches, changes } = await watching(t, api, { namespace: '', watchNodes: true });
  await api.client.create(RESOURCES.pods, intruder('intruder', 'node-1'));
  await api.client.create(RESOURCES.pods, pod('gateway-1', 'node-1'));
  await until('the gateway is known', () => caches.pods(KEY, 'gateway').length > 0);
  assert.deepEqual(
    caches.pods(KEY, 'gateway').map(({ metadata }) => metadata.name),
    ['gateway-1'],
  );
  assert.deepEqual(changes, [KEY], 'nobody is told of the other');
});

test('in one namespace, nodes are not asked for', async t => {
  const api = await startApiServer(t);
  await installChart(api, '--set', 'watchNamespace=default');
  await api.client.create(RESOURCES.nodes, { ...node('node-1'), ...{ spec: { unschedulable: true } } });
  await api.client.create(RESOURCES.chatClusters, chatCluster('chat'));
  const { caches } = await watching(t, api, { namespace: 'default', watchNodes: false });
  assert.deepEqual(caches.keys(), [KEY]);
  assert.deepEqual([...caches.leavingNodes()], []);
});
