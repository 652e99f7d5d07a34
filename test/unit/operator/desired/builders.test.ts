import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectId } from '../../../../operator/apply/plan.ts';
import { child } from '../../../../operator/desired/child.ts';
import type { Builder } from '../../../../operator/desired/choices.ts';
import { desired } from '../../../../operator/desired/desired.ts';
import { gatewayOptions } from '../../../../operator/desired/gateway.ts';
import { CLUSTER_LABEL, COMPONENTS, childName, clusterOfGateways } from '../../../../operator/desired/names.ts';
import { reloadableOptions, secretRefs, startEnv } from '../../../../operator/desired/options.ts';
import { revisionOf } from '../../../../operator/desired/revision.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import { choicesFor } from '../../../support/kube/choices.ts';

const cluster = stored();

test('children are written in order: what pods refer to before the pods, gateways before workers', () => {
  const [gateway, worker] = [revisionOf(cluster, 'gateway'), revisionOf(cluster, 'worker')];
  assert.deepEqual(desired(cluster, choicesFor(cluster)).map(objectId), [
    'ServiceAccount chat',
    'ConfigMap chat-gateway',
    'Service chat-gateways',
    `Deployment chat-gateway-${gateway}`,
    'Service chat',
    `PodDisruptionBudget chat-gateway-${gateway}`,
    `ConfigMap chat-worker-${worker}`,
    'Deployment chat-worker',
  ]);
});

test('a further component is one more builder, whose objects are labelled and owned as all others', () => {
  const bus: Builder = of => [
    child(of, { apiVersion: 'v1', kind: 'ConfigMap', name: `${of.metadata.name}-bus`, component: 'bus', data: {} }),
  ];
  const [options, made, ...rest] = desired(cluster, choicesFor(cluster), [gatewayOptions, bus]);
  assert.deepEqual(rest, []);
  assert.equal(made?.metadata.labels?.['app.kubernetes.io/component'], 'bus');
  assert.equal(made?.metadata.labels?.[CLUSTER_LABEL], 'chat');
  assert.deepEqual(made?.metadata.ownerReferences, options?.metadata.ownerReferences);
});

test('the options of a spec are worked out once, however often a pass asks', () => {
  const later = { ...cluster, metadata: { ...cluster.metadata, resourceVersion: '99' } };
  for (const component of COMPONENTS) {
    assert.equal(startEnv(later, component), startEnv(cluster, component));
    assert.equal(secretRefs(later.spec, component), secretRefs(cluster.spec, component));
  }
  assert.equal(reloadableOptions(later), reloadableOptions(cluster));
  assert.notEqual(reloadableOptions(stored({ limits: { maxConnections: 7 } })), reloadableOptions(cluster));
});

test('the name of a Deployment of gateways says which ChatCluster it is of, and no other name does', () => {
  for (const name of ['chat', 'a-gateway', 'chat-gateway-0123456789'])
    assert.equal(clusterOfGateways(childName.gateways(name, revisionOf(cluster, 'gateway'))), name);
  for (const name of [childName.workers('chat'), childName.gatewaysService('chat'), 'chat-gateway-main', 'chat'])
    assert.equal(clusterOfGateways(name), undefined, name);
});
