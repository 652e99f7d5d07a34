import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Condition } from '../../operator/api/kube-object.ts';
import { RESOURCES } from '../../operator/kube/resources.ts';
import { until } from '../../tools/support/until.ts';
import { chatCluster } from '../support/kube/chat-operator.ts';
import { FleetSuite } from '../support/kube/fleet-suite.ts';
import { type GatewayDeployment, ObservedFleet, SWIFT } from '../support/kube/observed-fleet.ts';

const REACHED = { reachable: true, reason: '' };
const ENOUGH = { room: 'Enough', reason: '' } as const;
const suite = new FleetSuite();

interface Scaling {
  readonly reason: string;
  readonly note: string;
  readonly regarding: { readonly name: string };
}

describe('sizes that follow the load', { concurrency: 3 }, () => {
  test('connections add a gateway, their end removes one, an unplugged gateway holds the size', async () => {
    const autoscaling = {
      mode: 'Builtin',
      minReplicas: 2,
      maxReplicas: 4,
      targetConnections: 100,
      collapsePercent: 100,
      behavior: {
        scaleDown: { stabilizationWindowSeconds: 3, policies: [{ type: 'Pods', value: 4, periodSeconds: 1 }] },
      },
    };
    suite.pods.broken.add('chat');
    const fleet = new ObservedFleet(suite, 'chat');
    const rebalance = { mode: 'Disabled' };
    await suite.api.client.create(
      RESOURCES.chatClusters,
      chatCluster('chat', { gateway: { ...SWIFT, replicas: 1, autoscaling, rebalance } }),
    );
    const replicas = async () => (await fleet.deployments())[0]?.spec.replicas;
    const hold = (each: number) => {
      for (const gateway of fleet.gateways) gateway.load = { connections: each };
    };
    await until('there are minReplicas gateways', async () => (await replicas()) === 2);
    await fleet.says('ScalingActive', 'NoGatewayReady');
    await until('they run', () => fleet.gateways.length === 2);
    hold(62);
    suite.pods.broken.delete('chat');
    await until('the load is known', async () => (await fleet.condition('ScalingActive'))?.status === 'True');
    const counted = async () => (await fleet.cluster()).status?.gateways?.connections;
    await until('the status counts them roughly', async () => (await counted()) === 120);

    hold(120);
    await until('240 connections at 100 a gateway make three', async () => (await replicas()) === 3);
    const up = await fleet.says('ScalingActive', 'ScaledUp');
    assert.match(up.message, /from 2 to 3: 240 connections at 100 a gateway/);
    await fleet.has(3);

    // Whoever scales a Deployment gives it another generation.
    const generation = async () => (await fleet.deployments())[0]?.metadata.generation;
    const scaled = await generation();
    const path = { ...RESOURCES.chatClusters, plural: 'chatclusters' };
    await suite.api.client.patch(path, 'default', 'chat/status', { status: { gateways: { desiredReplicas: 50 } } });
    await until(
      'a forged status is put right',
      async () => (await fleet.cluster()).status?.gateways?.desiredReplicas === 3,
    );
    await suite.api.client.patch(path, 'default', 'chat/status', { status: null });
    await until(
      'a lost status is made again',
      async () => (await fleet.cluster()).status?.gateways?.desiredReplicas === 3,
    );
    assert.equal(await generation(), scaled, 'neither has scaled anything');

    await suite.api.client.patch(path, 'default', 'chat/scale', { spec: { replicas: 7 } });
    await until('who scales a Builtin size is told that it does not count', async () => {
      const scaling = await fleet.condition('ScalingActive');
      return scaling?.message.includes('gateway.replicas (7, set through /scale by ');
    });
    assert.equal(await replicas(), 3);

    const [first, , third] = fleet.gateways;
    assert.ok(first && third);
    third.load = undefined;
    const held = await fleet.says('ScalingActive', 'LoadUnknown');
    assert.equal(held.status, 'False');
    assert.ok(held.message.includes(third.name), held.message);
    hold(0);
    third.load = undefined;
    // Longer than the window: a probe a second, each of which could have scaled down.
    const seen = await suite.passes();
    await until('eight more passes were made', async () => (await suite.passes()) >= seen + 8);
    assert.equal(await replicas(), 3);

    third.load = {};
    await until('an empty window scales down to minReplicas', async () => (await replicas()) === 2);
    const steps = async () => {
      const { items } = await suite.api.client.list<Scaling>(RESOURCES.events, 'default', {});
      const own = items.filter(({ reason, regarding }) => regarding.name === 'chat' && reason.startsWith('Scaled'));
      return own.map(({ note }) => note);
    };
    await until('an Event tells of each step', async () => (await steps()).length >= 2);
    assert.deepEqual((await steps()).sort(), [
      'gateways from 2 to 3: 240 connections at 100 a gateway',
      'gateways from 3 to 2: 0 connections at 100 a gateway',
    ]);
  });

  test('workers follow the messages that wait for them, and the entries that wait for the slowest fold', async () => {
    const worker = {
      autoscaling: {
        mode: 'Builtin',
        minReplicas: 1,
        maxReplicas: 4,
        targetLagMessages: 1_000,
        scaleUpWindowSeconds: 1,
        scaleDownWindowSeconds: 2,
      },
    };
    const lag = (storeLag: number) => suite.pods.health.set('lags', { nats: REACHED, store: REACHED, storeLag });
    lag(0);
    await suite.api.client.create(RESOURCES.chatClusters, chatCluster('lags', { worker }));
    const replicas = async () =>
      (await suite.api.client.get<GatewayDeployment>(RESOURCES.deployments, 'default', 'lags-worker')).spec.replicas;
    await until('there is one', async () => (await replicas().catch(() => 0)) === 1);
    lag(2_500);
    await until('2,500 messages at 1,000 a worker make three', async () => (await replicas()) === 3);
    lag(0);
    await until('one is enough again', async () => (await replicas()) === 1);

    const reason = 'the fold views is more than 60 s behind';
    const folds = { lag: 1_500, reason };
    suite.pods.health.set('lags', { nats: REACHED, store: REACHED, storeLag: 10, log: ENOUGH, folds });
    await until('1,500 entries at 1,000 a worker make two', async () => (await replicas()) === 2);
    const { message } = await new ObservedFleet(suite, 'lags').says('StreamsHaveRoom', 'FoldLate', 'True');
    assert.equal(message, reason);
  });

  test('an unreachable backend and a missing Secret are conditions that heal', async () => {
    const fleet = new ObservedFleet(suite, 'ails');
    suite.pods.waiting.set('ails-worker', { reason: 'ContainerCreating', message: '' });
    await suite.api.client.create(RESOURCES.chatClusters, chatCluster('ails'));
    // One gateway of several may have the reason before it makes the condition False.
    const becomes = (type: string, is: Condition['status'], reason: string) => fleet.says(type, reason, is);
    await becomes('StoreReachable', 'Unknown', 'NoWorkerAnswers');
    suite.pods.waiting.delete('ails-worker');
    await becomes('StoreReachable', 'True', 'Reachable');
    await becomes('MessagingReachable', 'True', 'Reachable');

    const gone = { reachable: false, reason: 'connect ECONNREFUSED' };
    suite.pods.health.set('ails', { nats: REACHED, store: gone, storeLag: 0 });
    const down = await becomes('StoreReachable', 'False', 'Unreachable');
    assert.match(down.message, /connect ECONNREFUSED/);
    assert.equal((await fleet.condition('MessagingReachable'))?.status, 'True');
    suite.pods.health.delete('ails');
    await becomes('StoreReachable', 'True', 'Reachable');
    await becomes('Ready', 'True', 'Working');

    const message = 'secret "auth" not found';
    suite.pods.waiting.set('ails-gateway', { reason: 'CreateContainerConfigError', message });
    assert.match((await becomes('GatewaysAvailable', 'False', 'SecretNotFound')).message, /secret "auth" not found/);
    await becomes('Ready', 'False', 'SecretNotFound');
    suite.pods.waiting.delete('ails-gateway');
    await becomes('GatewaysAvailable', 'True', 'AllReady');
  });
});
