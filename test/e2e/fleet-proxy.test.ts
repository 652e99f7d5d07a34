import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { movingClients } from '../support/chat/moving-clients.ts';
import { untilReached } from '../support/chat/placed-client.ts';
import { full } from '../support/depth.ts';
import { eventually, kubeChat } from '../support/kube/kube-chat.ts';
import { ownChat } from '../support/kube/own-chat.ts';
import { underway } from '../support/kube/scenario.ts';
import { proxyInFront } from '../support/proxy/proxy-in-front.ts';

const kube = await kubeChat({ after });
const { local } = kube.access;
const skip = local === null && 'the proxy runs in the network of the local cluster only';
const chat = await ownChat({ after }, kube, 'fleet-proxy', {
  gateway: { replicas: 4, rebalance: { mode: 'Disabled' } },
});
const CLIENTS = 80;
/** Longer than any step here takes a gateway to be empty: what it still closes is what the operator forgot. */
const DELAY_SECONDS = 90;
const gateway = (change: object) => chat.patch({ spec: { gateway: change } });

/** A proxy, with clients through it on every gateway. */
async function crowd(t: TestContext, gateways: number) {
  assert.ok(local);
  const pods = await chat.settled(gateways);
  const proxy = await proxyInFront(t, chat, local, DELAY_SECONDS);
  await untilReached(
    t,
    proxy.url,
    pods.map(({ name }) => name),
  );
  return { proxy, pods, clients: await movingClients(t, proxy.url, { clients: CLIENTS }) };
}

test('behind a proxy that drops removed endpoints a scale-down moves a client once', { skip }, async t => {
  const { proxy, clients } = await crowd(t, 4);
  const outcome = await underway(t, chat, clients, 1, async () => {
    await gateway({ replicas: 2 });
    await chat.settled(2);
  });
  assert.ok(outcome.moved > 0, 'gateways that went had clients');
  assert.deepEqual(proxy.dropped(), []);
});

full('and so does a rollout', { skip }, async t => {
  const { proxy, pods, clients } = await crowd(t, 2);
  const outcome = await underway(t, chat, clients, 1, async () => {
    await gateway({ resources: { requests: { memory: '101Mi' } } });
    const before = new Set(pods.map(({ revision }) => revision));
    await eventually('there is a new revision', async () =>
      (await chat.pods()).some(({ revision }) => !before.has(revision)),
    );
    await chat.settled(2);
  });
  assert.equal(outcome.moved, outcome.clients);
  assert.deepEqual(proxy.dropped(), []);
});

test('and so does a rebalance, which leaves the others where they are', { skip }, async t => {
  const { proxy, clients } = await crowd(t, 2);
  const outcome = await underway(t, chat, clients, 1, async () => {
    await gateway({
      replicas: 3,
      rebalance: { mode: 'Enabled', afterRolloutSeconds: 0, tolerancePercent: 20, connectionsPerSecond: 10 },
    });
    await eventually('the new gateway has clients', async () => clients.spread().size === 3);
    await chat.settled(3);
  });
  assert.ok(outcome.moved > 0 && outcome.moved < outcome.clients / 2, `${outcome.moved} of ${outcome.clients} moved`);
  assert.deepEqual(proxy.dropped(), []);
});
