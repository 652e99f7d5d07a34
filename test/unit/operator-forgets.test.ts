import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { AskPod } from '../../operator/api/ask-pod.ts';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { Caches } from '../../operator/controller/caches.ts';
import { createMetrics } from '../../operator/metrics.ts';
import { Turn } from '../../operator/turn.ts';
import { stored } from '../support/crd-schema.ts';
import { heldBy } from '../support/held-by.ts';
import { MemoryApi } from '../support/memory-api.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';

const COUNT = 4;
const NAMESPACE = 'team-a';
const CHILDREN = ['Deployment', 'Service', 'ConfigMap', 'ServiceAccount', 'PodDisruptionBudget', 'Pod', 'Event'];
const names = () => Array.from({ length: COUNT }, (_, index) => `passing-${index}`);

/** A pod of a Deployment, without what nobody reads here. */
function podOf({ metadata }: KubeObject): KubeObject {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${metadata.name}-5d`, uid: 'rs', controller: true };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${metadata.name}-5d-0`,
      uid: `uid of ${metadata.name}-5d-0`,
      namespace: NAMESPACE,
      ...(metadata.labels ? { labels: metadata.labels } : {}),
      ownerReferences: [owner],
    },
    ...{ status: { phase: 'Running', podIP: '192.0.2.1', conditions: [{ type: 'Ready', status: 'True' }] } },
  };
}

/** The leader over an API server in memory, in simulated time. */
async function leading(t: { after(end: () => unknown): void }, ask: AskPod) {
  const clock = new SimulatedClock();
  const api = new MemoryApi();
  const metrics = createMetrics();
  const random = () => 0.5;
  let turn: Turn | undefined;
  const caches = new Caches({
    client: api,
    namespace: '',
    watchNodes: true,
    clock,
    random,
    onChange: key => turn?.add(key),
    onFailure: (_, error) => assert.fail(String(error)),
  });
  const stopping = new AbortController();
  const watching = caches.run(stopping.signal);
  t.after(async () => {
    stopping.abort();
    await watching;
  });
  await clock.pass(0);
  assert.ok(caches.isSynced);
  const config = {
    defaultImage: 'chat:1',
    pollSeconds: 5,
    concurrency: 4,
    rewritesPerSecond: 10,
    instance: 'operator',
  };
  const crd = { unknown: [] };
  const log = pino({ level: 'silent' });
  turn = new Turn({ config, caches, crd, client: api, metrics, clock, random, ask, log });
  const leader = turn;
  t.after(async () => {
    const ended = leader.end();
    await clock.pass(60_000);
    await ended;
  });
  return { clock, api, metrics, caches };
}

test('nothing is kept of a ChatCluster that is gone, nor of its pods', async t => {
  const asked = new Set<string>();
  const { clock, api, metrics, caches } = await leading(t, async ({ metadata }) => {
    asked.add(metadata.name);
    // Only those of this one answer, so that others are silent.
    if (metadata.name.startsWith('passing-0')) return { connections: 7 };
    throw new Error('no answer');
  });
  // One kind cannot be written: that is kept, and tried again.
  api.refused.add('PodDisruptionBudget');
  for (const name of names())
    api.put({ ...stored({}, { name, namespace: NAMESPACE, uid: `uid of ${name}` }), kind: 'ChatCluster' });
  await clock.pass(10_000);
  for (const deployment of api.all('Deployment')) api.put(podOf(deployment));
  await clock.pass(30_000);
  const all = (await metrics.registry.metrics()).match(/passing-\d+/g) ?? [];
  assert.deepEqual([...new Set(all)].sort(), names(), 'each is measured');
  assert.equal(asked.size, 2 * COUNT, 'all pods are asked');
  assert.ok((await heldBy('Turn', /passing-/)).length > COUNT, 'much is kept of those that are there');
  assert.equal(api.all('Deployment').length, 2 * COUNT, 'each has gateways and workers');
  assert.ok(api.all('Event').length >= COUNT, 'of each there is something to tell');

  const [gone] = api.all('Pod').filter(({ metadata }) => metadata.name.startsWith('passing-1-gateway-'));
  assert.ok(gone);
  api.remove(gone);
  asked.delete(gone.metadata.name);
  await clock.pass(15_000);
  assert.deepEqual(await heldBy('Turn', new RegExp(gone.metadata.name), ['Shared']), []);

  for (const object of api.all('ChatCluster')) api.remove(object);
  // Passes that run may still make children; the garbage collector takes them all.
  for (const takenAt of [0, 5_000, 60_000]) {
    await clock.pass(takenAt);
    for (const kind of CHILDREN) for (const object of api.all(kind)) api.remove(object);
  }
  asked.clear();
  await clock.pass(1_000);
  assert.deepEqual(caches.keys(), []);
  assert.doesNotMatch(await metrics.registry.metrics(), /passing-/);
  // Of parts that many objects share so many are kept as it says.
  assert.deepEqual(await heldBy('Turn', /passing-/, ['Shared']), []);
});
