import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { PORTS } from '../../server/contract/ports.ts';
import { REPOSITORY } from '../../tools/cluster/layout.ts';
import { type PlacedClient, placedClient } from '../support/chat/placed-client.ts';
import { eventually, IN_NAMESPACE, kubeChat, NAMESPACE } from '../support/kube/kube-chat.ts';
import { ownChat } from '../support/kube/own-chat.ts';
import { installKeda } from './keda.ts';
import { startPrometheus } from './prometheus.ts';

const kube = await kubeChat({ after });
const NAME = 'keda-scale';
/** Connections one gateway should hold, and clients for three and a half of them. */
const THRESHOLD = 20;
const CLIENTS = 70;
const MOST = 4;

interface ScaledObject {
  readonly metadata: object;
  readonly spec: {
    readonly scaleTargetRef: object;
    readonly advanced: object;
    readonly triggers: readonly { readonly metadata: object }[];
  };
}

/** The example of docs, pointed at the ChatCluster of the test, and quicker. */
function scaledObject(serverAddress: string): object {
  const example = parse(readFileSync(join(REPOSITORY, 'docs/examples/keda.yaml'), 'utf8')) as ScaledObject;
  const { spec } = example;
  // The Prometheus of the test scrapes nothing but this one's gateways.
  const query = `sum(chatcluster_connections{namespace="${NAMESPACE}"})`;
  const policies = [{ type: 'Percent', value: 100, periodSeconds: 15 }];
  const behavior = { scaleDown: { stabilizationWindowSeconds: 0, policies } };
  return {
    ...example,
    metadata: { name: NAME, namespace: NAMESPACE },
    spec: {
      ...spec,
      scaleTargetRef: { ...spec.scaleTargetRef, name: NAME },
      maxReplicaCount: MOST,
      pollingInterval: 5,
      advanced: { horizontalPodAutoscalerConfig: { behavior } },
      triggers: spec.triggers.map(trigger => ({
        ...trigger,
        metadata: { ...trigger.metadata, serverAddress, query, threshold: String(THRESHOLD) },
      })),
    },
  };
}

test('KEDA scales a ChatCluster up and down on its connections, by the ScaledObject of docs/examples', {
  skip: kube.access.local === null && 'KEDA is installed on the local cluster only',
}, async t => {
  const { access } = kube;
  const { local } = access;
  assert.ok(local);
  await installKeda(t, access, local);
  const autoscaling = { mode: 'External', minReplicas: 2, maxReplicas: MOST };
  const chat = await ownChat(t, kube, NAME, { gateway: { autoscaling } });
  const labels = { 'app.kubernetes.io/instance': NAME, 'app.kubernetes.io/component': 'gateway' };
  const scraped = { namespace: NAMESPACE, labels, port: PORTS.admin };
  const prometheus = await startPrometheus(t, access, local, scraped);
  await access.kubectl(['apply', '-f', '-'], JSON.stringify(scaledObject(prometheus)));
  await access.kubectl(['wait', '--for=condition=Ready', '--timeout=120s', `scaledobject/${NAME}`, IN_NAMESPACE]);

  const clients: PlacedClient[] = [];
  while (clients.length < CLIENTS) clients.push(await placedClient(t, chat.url, { user: 'crowd' }));
  await chat.settled(MOST, 180_000);
  assert.equal((await chat.condition('ScalingActive'))?.reason, 'External');
  await eventually('clients are served by all gateways', async () => {
    clients.push(await placedClient(t, chat.url, { user: 'late' }));
    return new Set(clients.map(client => client.gateway())).size === MOST;
  });
  for (const client of clients) client.sdk.disconnect();
  await chat.settled(2, 240_000);
});
