import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHILD_KINDS } from '../../../../operator/api/kinds.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import { deploymentPod } from '../../../support/kube/deployment-pod.ts';
import { heldBy } from '../../../support/kube/held-by.ts';
import { leading } from '../../../support/kube/leading.ts';

const COUNT = 4;
const NAMESPACE = 'team-a';
const CHILDREN = [...CHILD_KINDS.map(({ kind }) => kind), 'Pod', 'Event'];
const names = () => Array.from({ length: COUNT }, (_, index) => `passing-${index}`);

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
  await clock.passSettling(10_000);
  for (const deployment of api.all('Deployment')) api.put(deploymentPod(deployment));
  await clock.passSettling(30_000);
  const all = (await metrics.registry.metrics()).match(/passing-\d+/g) ?? [];
  assert.deepEqual([...new Set(all)].sort(), names(), 'each is measured');
  assert.equal(asked.size, 2 * COUNT, 'all pods are asked');
  assert.ok((await heldBy('LeaderTerm', /passing-/)).length > COUNT, 'much is kept of those that are there');
  assert.equal(api.all('Deployment').length, 2 * COUNT, 'each has gateways and workers');
  assert.ok(api.all('Event').length >= COUNT, 'of each there is something to tell');

  const [gone] = api.all('Pod').filter(({ metadata }) => metadata.name.startsWith('passing-1-gateway-'));
  assert.ok(gone);
  api.remove(gone);
  asked.delete(gone.metadata.name);
  await clock.passSettling(15_000);
  assert.deepEqual(await heldBy('LeaderTerm', new RegExp(gone.metadata.name), ['Shared']), []);

  for (const object of api.all('ChatCluster')) api.remove(object);
  // Passes that run may still make children; the garbage collector takes them all.
  for (const takenAt of [0, 5_000, 60_000]) {
    await clock.passSettling(takenAt);
    for (const kind of CHILDREN) for (const object of api.all(kind)) api.remove(object);
  }
  asked.clear();
  await clock.passSettling(1_000);
  assert.deepEqual(caches.keys(), []);
  assert.doesNotMatch(await metrics.registry.metrics(), /passing-/);
  // Of parts that many objects share so many are kept as it says.
  assert.deepEqual(await heldBy('LeaderTerm', /passing-/, ['Shared']), []);
});
