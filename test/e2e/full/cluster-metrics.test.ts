import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { clusterAccess } from '../../../tools/cluster/access.ts';
import { nodeBases } from '../../../tools/cluster/base-images.ts';
import { LOCAL } from '../../../tools/cluster/layout.ts';
import { loadBuilt } from '../../../tools/cluster/load-image.ts';
import { addMetricsServer, removeMetricsServer } from '../../../tools/cluster/metrics-server.ts';
import { startCluster } from '../../../tools/cluster/start.ts';
import { eventually } from '../../support/kube/kube-chat.ts';

const access = clusterAccess(process.env);
const skip = access.local === null && 'metrics-server is added to the local cluster only';
const NAMESPACE = 'metrics';
const IN_NAMESPACE = `--namespace=${NAMESPACE}`;
const silent = () => undefined;
/** It uses all it may, which is twice what it requests. */
const BURNER = 'burner';
const RESOURCES = { requests: { cpu: '50m' }, limits: { cpu: '100m' } };

interface Autoscaler {
  readonly status?: {
    readonly desiredReplicas?: number;
    readonly currentMetrics?: readonly { readonly resource?: { readonly current: { averageUtilization: number } } }[];
  };
}

before(async () => {
  if (access.local === null) return;
  await startCluster(LOCAL, silent);
  await addMetricsServer(LOCAL, silent);
  const image = (await nodeBases()).runtime;
  await loadBuilt(LOCAL, image);
  const command = ['node', '-e', 'for (;;);'];
  const container = { name: BURNER, image, imagePullPolicy: 'Never', command, resources: RESOURCES };
  const labels = { app: BURNER };
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: BURNER, namespace: NAMESPACE },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers: [container] } },
      },
    },
  ];
  await access.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
});
after(async () => {
  if (access.local === null) return;
  await access.kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found']);
  await removeMetricsServer(LOCAL);
});

test('kubectl top tells what the pods and the node use', { skip }, async () => {
  const [cpu, memory] = await eventually('the burner is measured', async () => {
    const line = await access.kubectl(['top', 'pods', IN_NAMESPACE, '--no-headers']).catch(() => '');
    const [, millis, mebibytes] = /burner-\S+\s+(\d+)m\s+(\d+)Mi/.exec(line) ?? [];
    return Number(millis) > 0 ? [Number(millis), Number(mebibytes)] : null;
  });
  assert.ok(cpu !== undefined && cpu <= 150, `a pod that may use 100m is said to use ${cpu}m`);
  assert.ok(memory !== undefined && memory > 1, `a Node process is said to use ${memory} Mi`);
  assert.match(await access.kubectl(['top', 'node', '--no-headers']), new RegExp(`^${LOCAL.name}\\s+\\d+m\\s+\\d+%`));
});

test('a HorizontalPodAutoscaler on CPU adds replicas, as many as it may, for pods above its target', {
  skip,
}, async () => {
  const autoscaler = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: BURNER, namespace: NAMESPACE },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: BURNER },
      minReplicas: 1,
      maxReplicas: 2,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
      ],
    },
  };
  await access.kubectl(['apply', '-f', '-'], JSON.stringify(autoscaler));
  const { status } = await eventually('it wants two', async () => {
    const found = await access.get<Autoscaler>(['hpa', BURNER, IN_NAMESPACE]);
    return found.status?.desiredReplicas === 2 ? found : null;
  });
  const utilization = status?.currentMetrics?.[0]?.resource?.current.averageUtilization ?? 0;
  assert.ok(utilization > 50, `it scaled at ${utilization} % of the request`);
  await access.kubectl(['rollout', 'status', IN_NAMESPACE, `deployment/${BURNER}`, '--timeout=60s']);
});
