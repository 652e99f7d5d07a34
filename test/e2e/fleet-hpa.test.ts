import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { REPOSITORY } from '../../tools/cluster/layout.ts';
import { addMetricsServer, removeMetricsServer } from '../../tools/cluster/metrics-server.ts';
import { movingClients } from '../support/chat/moving-clients.ts';
import { eventually, IN_NAMESPACE, kubeChat } from '../support/kube/kube-chat.ts';
import { ownChat } from '../support/kube/own-chat.ts';
import { underway } from '../support/kube/scenario.ts';

const kube = await kubeChat({ after });
const { access } = kube;
const skip = access.local === null && 'metrics-server is added to the local cluster only';

/** The example with a target that a small crowd is above, and without waiting. */
function documented(name: string): string {
  const hpa = parse(readFileSync(join(REPOSITORY, 'docs/examples/hpa.yaml'), 'utf8'));
  hpa.metadata.name = name;
  hpa.spec.scaleTargetRef.name = name;
  hpa.spec.maxReplicas = 3;
  hpa.spec.metrics[0].resource.target.averageValue = '60m';
  hpa.spec.behavior.scaleDown.stabilizationWindowSeconds = 0;
  return JSON.stringify(hpa);
}

test('the documented HorizontalPodAutoscaler drives a ChatCluster up and down, with one move at most', {
  skip,
}, async t => {
  const { local } = access;
  assert.ok(local);
  await addMetricsServer(local, line => t.diagnostic(line));
  t.after(() => removeMetricsServer(local));
  const chat = await ownChat(t, kube, 'fleet-hpa', {
    gateway: {
      replicas: 2,
      autoscaling: { mode: 'External', minReplicas: 2, maxReplicas: 3 },
      rebalance: { mode: 'Disabled' },
    },
  });
  const clients = await movingClients(t, chat.url, { clients: 20, everyMs: 500 });
  const burst = await movingClients(t, chat.url, { clients: 60, everyMs: 20 });
  await access.kubectl(['create', IN_NAMESPACE, '-f', '-'], documented(chat.name));
  t.after(async () => {
    await access.kubectl(['delete', 'hpa', chat.name, IN_NAMESPACE, '--ignore-not-found']);
  });
  await underway(t, chat, clients, 1, async () => {
    await eventually(
      'the autoscaler has asked for a third gateway',
      async () => (await chat.pods()).length === 3,
      180_000,
    );
    await chat.settled(3);
    await burst.finish();
    await eventually('the autoscaler takes one away', async () => (await chat.pods()).length === 2, 240_000);
    await chat.settled(2);
  });
  assert.equal((await chat.condition('ScalingActive'))?.reason, 'External');
});
