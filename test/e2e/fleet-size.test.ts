import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { HIBERNATE_ANNOTATION } from '../../operator/desired/names.ts';
import { CHAT_IMAGE } from '../../tools/cluster/chat-image.ts';
import { RELEASE } from '../../tools/cluster/release.ts';
import { movingClients } from '../support/chat/moving-clients.ts';
import { full } from '../support/depth.ts';
import { eventually, IN_NAMESPACE, kubeChat } from '../support/kube/kube-chat.ts';
import { operatorPods } from '../support/kube/operator-pods.ts';
import { operatorWrites } from '../support/kube/operator-writes.ts';
import { ownChat } from '../support/kube/own-chat.ts';
import { underway } from '../support/kube/scenario.ts';

const kube = await kubeChat({ after });
const { access } = kube;
const skip = kube.unbalanced;
const chat = await ownChat({ after }, kube, 'fleet-size');
const operator = operatorPods(access);
const gateway = (change: object) => chat.patch({ spec: { gateway: change } });
const uids = async () => (await chat.pods()).map(({ uid }) => uid).sort();

full(
  'after a scale-up clients are spread until gateways are within the tolerance, with one move at most',
  {
    skip,
  },
  async t => {
    await chat.settled(2);
    const clients = await movingClients(t, chat.url, { clients: 150 });
    await underway(t, chat, clients, 1, async () => {
      await gateway({
        replicas: 3,
        rebalance: { afterRolloutSeconds: 0, tolerancePercent: 20, connectionsPerSecond: 10 },
      });
      await eventually(
        'three gateways serve',
        async () => (await chat.pods()).filter(({ ready }) => ready).length === 3,
      );
      await eventually('the new gateway has clients', async () => clients.spread().size === 3);
      await chat.settled(3);
      const counts = [...clients.spread().values()];
      const mean = 152 / 3;
      // The tolerance, and the ten clients that no move is worth.
      assert.ok(Math.max(...counts) <= mean + Math.max(10, mean * 0.2) + 1, `${counts}`);
    });
  },
);

full('a rebalance that is switched off leaves everybody', { skip }, async t => {
  await gateway({ replicas: 2 });
  await chat.settled(2);
  const clients = await movingClients(t, chat.url, { clients: 60 });
  await underway(t, chat, clients, 0, async () => {
    await gateway({ replicas: 3, rebalance: { mode: 'Disabled' } });
    await chat.settled(3);
    await clients.messages(100);
  });
});

full('an autoscaler of somebody else on a Builtin ChatCluster holds the size and is named', { skip }, async () => {
  await gateway({ autoscaling: { mode: 'Builtin', minReplicas: 3, maxReplicas: 5 } });
  await chat.settled(3);
  const foreign = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'somebody-elses' },
    spec: {
      scaleTargetRef: { apiVersion: 'chatcluster.dev/v1alpha1', kind: 'ChatCluster', name: chat.name },
      minReplicas: 1,
      maxReplicas: 4,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
      ],
    },
  };
  await access.kubectl(['create', IN_NAMESPACE, '-f', '-'], JSON.stringify(foreign));
  try {
    const held = await eventually('the condition says so', async () => {
      const found = await chat.condition('ScalingActive');
      return found?.reason === 'Held' ? found : null;
    });
    assert.match(held.message, /somebody-elses/);
    assert.equal(held.status, 'False');
  } finally {
    await access.kubectl(['delete', 'hpa', 'somebody-elses', IN_NAMESPACE]);
  }
  await eventually('the built-in one goes on', async () => (await chat.condition('ScalingActive'))?.status === 'True');
  await gateway({ autoscaling: { mode: 'Disabled' } });
  await chat.settled(3);
});

test('an operator upgrade alone rolls no pod and changes no ChatCluster', {
  skip: access.local === null && 'the audit log of another cluster is out of reach',
}, async () => {
  await gateway({ replicas: 2 });
  await chat.settled(2);
  const all = async () => {
    const { items } = await access.get<{ items: { metadata: { uid: string; name: string } }[] }>([
      'pods',
      IN_NAMESPACE,
    ]);
    return items.map(({ metadata }) => `${metadata.name} ${metadata.uid}`).sort();
  };
  const before = await all();
  const leader = await operator.holder();
  const writes = operatorWrites(access, chat.name);
  const upgrade = (...more: string[]) =>
    access.helm([
      ...['upgrade', RELEASE.name, 'charts/chatcluster', '--namespace', RELEASE.namespace, '--reuse-values'],
      ...[...more, '--wait', '--timeout', '3m'],
    ]);
  await upgrade('--set', `chatImage=${CHAT_IMAGE}-of-tomorrow`);
  await operator.newLeader(leader);
  // A setting of the operator alone: that the new one has read it shows in the status.
  await gateway({ rebalance: { tolerancePercent: 25 } });
  await chat.settled(2);
  assert.deepEqual(await all(), before);
  assert.deepEqual([...new Set(writes()?.map(({ resource }) => resource))], ['chatclusters/status']);
  await upgrade('--set', 'chatImage=');
});

test('hibernate takes a ChatCluster to zero gateways and back, and its messages are recovered', { skip }, async t => {
  await gateway({ replicas: 2 });
  await chat.settled(2);
  const clients = await movingClients(t, chat.url, { clients: 40 });
  const hibernate = (value: string | null) =>
    chat.patch({ metadata: { annotations: { [HIBERNATE_ANNOTATION]: value } } });
  await underway(t, chat, clients, 1, async () => {
    await hibernate('true');
    await eventually('no gateway is left', async () => (await chat.pods()).length === 0);
    const ready = await chat.condition('Ready');
    assert.deepEqual([ready?.status, ready?.reason], ['True', 'Hibernating']);
    await hibernate(null);
    await chat.settled(2);
  });
  assert.equal((await uids()).length, 2);
});
