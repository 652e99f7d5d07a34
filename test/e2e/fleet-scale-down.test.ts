import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { movingClients } from '../support/chat/moving-clients.ts';
import { untilReached } from '../support/chat/placed-client.ts';
import { eventually, kubeChat } from '../support/kube/kube-chat.ts';
import { ownChat } from '../support/kube/own-chat.ts';
import { underway } from '../support/kube/scenario.ts';
import { watchPods } from '../support/kube/watch-pods.ts';

const kube = await kubeChat({ after });
const chat = await ownChat({ after }, kube, 'fleet-scale', { gateway: { replicas: 4 } });
const CLIENTS = 100;
const scaleTo = (replicas: number) => chat.patch({ spec: { gateway: { replicas } } });

test('scale-down 4 to 2: all victims take no clients before the first close, clients move once', {
  skip: kube.unbalanced,
}, async t => {
  const before = await chat.settled(4);
  await untilReached(
    t,
    chat.url,
    before.map(pod => pod.name),
  );
  const clients = await movingClients(t, chat.url, { clients: CLIENTS });
  const watch = await watchPods(t, chat);
  const outcome = await underway(t, chat, clients, 1, async () => {
    await scaleTo(2);
    await chat.settled(2);
  });
  assert.ok(outcome.moved > 0, 'gateways that went had clients');
  const left = (await chat.pods()).map(({ uid }) => uid);
  const victims = before.filter(({ uid }) => !left.includes(uid));
  assert.equal(victims.length, 2);
  assert.ok(
    left.every(uid => before.some(pod => pod.uid === uid)),
    'no pod was replaced',
  );
  assert.deepEqual(watch.everShut(), new Set(victims.map(({ name }) => name)));
  assert.deepEqual(watch.everUnready(), new Set());
  const shut = Math.max(...victims.map(({ name }) => watch.shutAt(name)));
  const first = clients.firstEnd() ?? 0;
  assert.ok(first >= shut, `the first connection ended ${shut - first} ms before all victims were out`);
});

test('a scale-up in the middle of a drain cancels it, and the gateways take clients again', {
  skip: kube.unbalanced,
}, async t => {
  await chat.patch({ spec: { gateway: { replicas: 3, drain: { reconnectsPerSecond: 3 } } } });
  const before = await chat.settled(3);
  await untilReached(
    t,
    chat.url,
    before.map(pod => pod.name),
  );
  const clients = await movingClients(t, chat.url, { clients: CLIENTS });
  await underway(t, chat, clients, 1, async () => {
    await scaleTo(1);
    await eventually('clients are being moved', async () => clients.moved() > 3);
    const victims = (await chat.pods()).filter(({ intent }) => intent !== undefined).map(({ name }) => name);
    assert.equal(victims.length, 2);
    await scaleTo(3);
    await chat.settled(3);
    await untilReached(t, chat.url, victims);
  });
  assert.deepEqual((await chat.pods()).map(({ uid }) => uid).sort(), before.map(({ uid }) => uid).sort());
});

test('sizes asked for one right after the other end at the last one, with one move at most', {
  skip: kube.unbalanced,
}, async t => {
  await chat.settled(3);
  const clients = await movingClients(t, chat.url, { clients: CLIENTS });
  await underway(t, chat, clients, 1, async () => {
    await Promise.all([1, 4, 2].map(scaleTo)); // in whatever order they arrive
    await scaleTo(2);
    await chat.settled(2);
  });
});
