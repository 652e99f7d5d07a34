import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { killContainer } from '../../tools/cluster/kill.ts';
import { signalComponent } from '../../tools/cluster/signal-component.ts';
import { until } from '../../tools/support/until.ts';
import { movingClients } from '../support/chat/moving-clients.ts';
import { untilReached } from '../support/chat/placed-client.ts';
import { full } from '../support/depth.ts';
import { eventually, IN_NAMESPACE, kubeChat, NAMESPACE } from '../support/kube/kube-chat.ts';
import { ownChat } from '../support/kube/own-chat.ts';
import { underway } from '../support/kube/scenario.ts';

const kube = await kubeChat({ after });
const { access } = kube;
const skip = access.local === null && 'processes of another cluster are out of reach';
const CLIENTS = 60;
const GATEWAYS = 3;
const chat = await ownChat({ after }, kube, 'fleet-faults', {
  gateway: {
    replicas: GATEWAYS,
    drain: { delaySeconds: 2, timeoutSeconds: 5, reconnectsPerSecond: 5, patienceSeconds: 0 },
  },
});
const gateway = (change: object) => chat.patch({ spec: { gateway: change } });
const victims = async () => (await chat.pods()).filter(({ intent }) => intent !== undefined);

test('kill -9 of a gateway in the middle of its drain: it restarts, goes on draining and is removed', {
  skip,
}, async t => {
  const before = await chat.settled(GATEWAYS);
  await untilReached(
    t,
    chat.url,
    before.map(pod => pod.name),
  );
  const clients = await movingClients(t, chat.url, { clients: CLIENTS });
  let victim = '';
  // A client that the drain moved and one that the kill moved: nobody is on the victim twice.
  await underway(t, chat, clients, 1, async () => {
    await gateway({ replicas: 2 });
    victim = await until('a victim is chosen', async () => (await victims())[0]?.name);
    await until('a few clients have moved', () => clients.moved() > 3);
    await killContainer(access, { namespace: NAMESPACE, pod: victim, container: 'gateway' }, 'KILL');
    await chat.settled(2);
  });
  const left = new Set((await chat.pods()).map(({ uid }) => uid));
  assert.deepEqual(
    before.filter(({ uid }) => !left.has(uid)).map(({ name }) => name),
    [victim],
  );
});

full(
  'an API server that is gone for a minute in a drain: clients stay, and the drain goes on after it',
  {
    skip,
  },
  async t => {
    const { local } = access;
    assert.ok(local);
    await gateway({ replicas: GATEWAYS });
    const before = await chat.settled(GATEWAYS);
    await untilReached(
      t,
      chat.url,
      before.map(pod => pod.name),
    );
    const clients = await movingClients(t, chat.url, { clients: CLIENTS });
    let victim = '';
    await underway(t, chat, clients, 1, async () => {
      await gateway({ replicas: 2 });
      victim = await until('a victim is chosen', async () => (await victims())[0]?.name);
      await until('a few clients have moved', () => clients.moved() > 3);
      await signalComponent(local, 'kube-apiserver', 'STOP');
      try {
        await delay(60_000);
      } finally {
        await signalComponent(local, 'kube-apiserver', 'CONT');
      }
      await chat.settled(2);
    });
    const left = new Set((await chat.pods()).map(({ uid }) => uid));
    assert.deepEqual(
      before.filter(({ uid }) => !left.has(uid)).map(({ name }) => name),
      [victim],
    );
  },
);

test('NATS restarted during a rollout: clients are not moved meanwhile, then once', { skip }, async t => {
  await gateway({ replicas: 2 });
  const old = (await chat.settled(2))[0]?.revision;
  const clients = await movingClients(t, chat.url, { clients: CLIENTS });
  await underway(t, chat, clients, 1, async () => {
    await gateway({ resources: { requests: { memory: '101Mi' } } });
    await until('a few clients have moved', () => clients.moved() > 3, { ms: 60_000 });
    await killContainer(access, { namespace: NAMESPACE, pod: 'nats-0', container: 'nats' }, 'KILL');
    assert.notEqual((await chat.settled(2))[0]?.revision, old);
  });
});

full('a gateway whose load cannot be read: the size holds, and the condition names the pod', { skip }, async t => {
  await gateway({ replicas: 2 });
  await chat.settled(2);
  await gateway({ autoscaling: { mode: 'Builtin', minReplicas: 1, maxReplicas: 4 } });
  const before = await chat.settled(2);
  const [stopped] = before;
  assert.ok(stopped);
  const clients = await movingClients(t, chat.url, { clients: CLIENTS });
  const name = { namespace: NAMESPACE, pod: stopped.name, container: 'gateway' };
  // Those it holds ping in vain and connect elsewhere, or the container is restarted by its probe.
  await underway(t, chat, clients, 2, async () => {
    await killContainer(access, name, 'STOP');
    try {
      const condition = await eventually(
        'ScalingActive says that it is this one',
        async () => {
          const found = await chat.condition('ScalingActive');
          return found?.reason === 'LoadUnknown' && found.message.includes(stopped.name) ? found : null;
        },
        60_000,
      );
      assert.equal(condition.status, 'False');
    } finally {
      await killContainer(access, name, 'CONT');
    }
    assert.equal((await chat.object()).status?.gateways?.desiredReplicas, 2);
    await eventually('the size follows the load again', async () => {
      const found = await chat.condition('ScalingActive');
      return found?.status === 'True';
    });
  });
  const log = await access.kubectl([
    'get',
    'events',
    IN_NAMESPACE,
    `--field-selector=reason=LoadUnknown,involvedObject.name=${chat.name}`,
    '--output=name',
  ]);
  assert.notEqual(log, '');
});
