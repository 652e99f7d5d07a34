import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Decision } from '../../../../operator/autoscale/decide.ts';
import { revisionOf } from '../../../../operator/desired/revision.ts';
import { createMetrics } from '../../../../operator/process/metrics.ts';
import { newMemory, scale } from '../../../../operator/reconcile/size.ts';
import { forgetAll, forgetMetrics, measure } from '../../../../operator/report/measure.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import {
  clientService,
  gatewayDeployment,
  gatewayPod,
  loadOf,
  probeOf,
  see,
} from '../../../support/kube/fleet-objects.ts';

const cluster = stored();
const revision = revisionOf(cluster, 'gateway');
const children = [gatewayDeployment(cluster, revision, { replicas: 1 }), clientService(cluster, revision)];
const view = see({ cluster, children, pods: [gatewayPod('a', revision)], offered: ['a'], now: 0 });
const probe = probeOf([loadOf('a', { connections: 7 })]);
const scaling = scale({ cluster, children, fleet: view, foreign: [], probe, now: 0 }, newMemory());
const asking: Decision = {
  ...scaling.decision,
  wanted: 3,
  capacity: { connections: 6_730, from: 'cpu', share: { cpu: 1 / 6_730, deliveries: 0, eventLoopLag: 0 } },
  asks: [{ target: 'cpu', gateways: 3, text: 'more and more' }],
};

test('what nobody asks for any more has no series, and a ChatCluster that is gone has none at all', async () => {
  const metrics = createMetrics();
  const series = async () =>
    (await metrics.registry.metrics()).split('\n').filter(line => /^chatcluster_operator_.*\{namespace=/.test(line));
  const has = async (text: string) => (await series()).some(line => line.includes(text));
  const fleet = { ...view, size: 1 };
  measure(metrics, cluster, { ...scaling, decision: asking }, fleet, probe);
  assert.equal(await has('silent_gateways{'), true);
  assert.equal((await has('gateway_capacity_connections{')) && (await has('} 6730')), true);
  assert.deepEqual([await has('"cpu"} 3'), await has('"wanted"} 3'), await has('connections{')], [true, true, true]);
  measure(metrics, cluster, scaling, fleet, undefined);
  assert.deepEqual([await has('"cpu"'), await has('"wanted"'), await has('connections{')], [false, false, false]);
  assert.deepEqual([await has('"bounded"} 1'), await has('gateway_capacity')], [true, false]);
  forgetMetrics(metrics, `${cluster.metadata.namespace}/${cluster.metadata.name}`);
  assert.deepEqual(await series(), []);
  measure(metrics, cluster, { ...scaling, decision: asking }, fleet, probe);
  forgetAll(metrics);
  assert.deepEqual(await series(), [], 'another process exports them from now on');
});
