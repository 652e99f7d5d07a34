import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatCluster } from '../../operator/api/chat-cluster.ts';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { RESOURCES } from '../../operator/kube/resources.ts';
import { startApiServer } from '../support/api-server.ts';
import { chatCluster, installChart, runOperator } from '../support/chat-operator.ts';
import { fakePod } from '../support/fake-gateways.ts';
import { until } from '../support/until.ts';

interface Deployment extends KubeObject {
  readonly spec: { readonly replicas: number };
}

test('connections add a gateway, their end removes one, an unplugged gateway holds the size', async t => {
  const api = await startApiServer(t);
  await installChart(api);
  const operator = await runOperator(t, api);
  const autoscaling = {
    mode: 'Builtin',
    minReplicas: 2,
    maxReplicas: 4,
    targetConnections: 100,
    collapsePercent: 100,
    leadSeconds: 0,
    behavior: {
      scaleDown: { stabilizationWindowSeconds: 3, policies: [{ type: 'Pods', value: 4, periodSeconds: 1 }] },
    },
  };
  await api.client.create(RESOURCES.chatClusters, chatCluster('chat', { gateway: { replicas: 1, autoscaling } }));
  const replicas = async () =>
    (await api.client.get<Deployment>(RESOURCES.deployments, 'default', 'chat-gateway')).spec.replicas;
  const cluster = async () => await api.client.get<ChatCluster>(RESOURCES.chatClusters, 'default', 'chat');
  const condition = async (type: string) => (await cluster()).status?.conditions?.find(each => each.type === type);

  await until('there are minReplicas gateways', async () => (await replicas().catch(() => 0)) === 2);
  await until('no gateway is ready yet', async () => (await condition('ScalingActive'))?.reason === 'NoGatewayReady');
  const pods = await Promise.all(
    ['a', 'b'].map(name => fakePod(t, api.client, 'chat', 'gateway', `chat-gateway-${name}`)),
  );
  for (const pod of pods) {
    pod.connections = 62;
    await pod.report({ ready: true });
  }
  await until('the load is known', async () => (await condition('ScalingActive'))?.status === 'True');

  await until('the status counts them roughly', async () => (await cluster()).status?.gateways?.connections === 120);

  for (const pod of pods) pod.connections = 120;
  await until('240 connections at 100 a gateway make three', async () => (await replicas()) === 3);
  const third = await fakePod(t, api.client, 'chat', 'gateway', 'chat-gateway-c');
  await third.report({ ready: true });
  const up = await until('the status says why', async () => {
    const said = await condition('ScalingActive');
    return said?.reason === 'ScaledUp' ? said : undefined;
  });
  assert.match(up.message, /from 2 to 3: 240 connections at 100 a gateway/);

  for (const pod of [...pods, third]) pod.connections = 0;
  third.connections = undefined;
  const held = await until('the condition names the gateway that does not answer', async () => {
    const said = await condition('ScalingActive');
    return said?.reason === 'LoadUnknown' ? said : undefined;
  });
  assert.equal(held.status, 'False');
  assert.match(held.message, /chat-gateway-c/);
  // Longer than the window: a probe a second, each of which could have scaled down.
  const wanted = async () => (await operator.metrics.reconciles.get()).values[0]?.value ?? 0;
  const seen = await wanted();
  await until('eight more passes were made', async () => (await wanted()) >= seen + 8);
  assert.equal(await replicas(), 3);

  third.connections = 0;
  await until('an empty window scales down to minReplicas', async () => (await replicas()) === 2);
  await until('an Event tells of each step', async () => {
    const { items } = await api.client.list<{ reason: string; note: string }>(RESOURCES.events, 'default', {});
    const notes = items.filter(event => event.reason.startsWith('Scaled')).map(event => event.note);
    return (
      notes.length === 2 &&
      notes.includes('gateways from 2 to 3: 240 connections at 100 a gateway') &&
      notes.includes('gateways from 3 to 2: 0 connections at 100 a gateway')
    );
  });
});

test('an unreachable backend, a silent worker and a missing Secret are conditions that heal', async t => {
  const api = await startApiServer(t);
  await installChart(api);
  await runOperator(t, api);
  await api.client.create(RESOURCES.chatClusters, chatCluster('chat'));
  const condition = async (type: string) => {
    const { status } = await api.client.get<ChatCluster>(RESOURCES.chatClusters, 'default', 'chat');
    const { status: is, reason, message } = status?.conditions?.find(each => each.type === type) ?? {};
    return { is, reason, message: message ?? '' };
  };
  const becomes = (type: string, is: string, reason: string) =>
    until(`${type} is ${is}, ${reason}`, async () => {
      const now = await condition(type);
      return now.is === is && now.reason === reason ? now : undefined;
    });

  await becomes('StoreReachable', 'Unknown', 'NoWorkerAnswers');
  const worker = await fakePod(t, api.client, 'chat', 'worker', 'chat-worker-a');
  await worker.report({ ready: true });
  await becomes('StoreReachable', 'True', 'Reachable');
  await becomes('MessagingReachable', 'True', 'Reachable');

  worker.health = { ...worker.health, store: { reachable: false, reason: 'connect ECONNREFUSED' } };
  const down = await becomes('StoreReachable', 'False', 'Unreachable');
  assert.match(down.message, /connect ECONNREFUSED/);
  assert.equal((await condition('MessagingReachable')).is, 'True');
  worker.health = { ...worker.health, store: { reachable: true, reason: '' } };
  await becomes('StoreReachable', 'True', 'Reachable');

  const gateway = await fakePod(t, api.client, 'chat', 'gateway', 'chat-gateway-a');
  const message = 'secret "auth" not found';
  await gateway.report({ ready: false, waiting: { reason: 'CreateContainerConfigError', message } });
  assert.match((await becomes('GatewaysAvailable', 'False', 'SecretNotFound')).message, /secret "auth" not found/);
  await becomes('Ready', 'False', 'SecretNotFound');
  await gateway.report({ ready: true });
  await becomes('GatewaysAvailable', 'False', 'NoneReady');
});
