import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { until } from '../../tools/support/until.ts';
import { type MovingClients, movingClients } from '../support/chat/moving-clients.ts';
import { untilReached } from '../support/chat/placed-client.ts';
import { full } from '../support/depth.ts';
import { kubeChat } from '../support/kube/kube-chat.ts';
import { operatorPods } from '../support/kube/operator-pods.ts';
import { ownChat } from '../support/kube/own-chat.ts';
import { underway } from '../support/kube/scenario.ts';

const kube = await kubeChat({ after });
const skip = kube.access.local === null && 'processes of another cluster are out of reach';
const operator = operatorPods(kube.access);
const chat = await ownChat({ after }, kube, 'fleet-operator', {
  gateway: { replicas: 3, drain: { delaySeconds: 2, timeoutSeconds: 5, reconnectsPerSecond: 10, patienceSeconds: 0 } },
});
const CLIENTS = 60;
const scaleTo = (replicas: number) => chat.patch({ spec: { gateway: { replicas } } });
const victims = async () => (await chat.pods()).filter(({ intent }) => intent !== undefined);

/** Moments of a scale-down at which the operator is killed; the model does it after every write. */
const MOMENTS: Readonly<Record<string, (clients: MovingClients, victim: string) => Promise<boolean>>> = {
  'the victim takes no new clients': async () => true,
  'a wave was closed': async clients => clients.moved() > 0,
  'the victim is empty': async (clients, victim) => clients.moved() > 0 && !clients.spread().has(victim),
  'the replicas are down': async (_, victim) =>
    !(await chat.pods()).some(({ name, terminating }) => name === victim && !terminating),
};

for (const [moment, reached] of Object.entries(MOMENTS)) {
  const declare = moment === 'a wave was closed' ? test : full;
  declare(`kill -9 of the operator when ${moment}: the victim goes and no other pod`, { skip }, async t => {
    await scaleTo(3);
    const before = await chat.settled(3);
    await untilReached(
      t,
      chat.url,
      before.map(pod => pod.name),
    );
    const clients = await movingClients(t, chat.url, { clients: CLIENTS });
    const leader = await operator.holder();
    let victim = '';
    const outcome = await underway(t, chat, clients, 1, async () => {
      await scaleTo(2);
      victim = await until('a victim is chosen', async () => (await victims())[0]?.name);
      await until(moment, () => reached(clients, victim));
      await operator.signalLeader('KILL');
      await operator.newLeader(leader);
      await chat.settled(2);
    });
    assert.ok(outcome.moved > 0, 'the victim had clients');
    const left = new Set((await chat.pods()).map(({ uid }) => uid));
    assert.deepEqual(
      before.filter(({ uid }) => !left.has(uid)).map(({ name }) => name),
      [victim],
    );
  });
}

const PROGRESS = { 'before the Service moves': 'Starting', 'after the Service has moved': 'Moving' } as const;
let mebibytes = 100;

for (const [moment, reason] of Object.entries(PROGRESS)) {
  const declare = reason === 'Moving' ? test : full;
  declare(`kill -9 of the operator in a rollout ${moment}: it ends with one move a client`, { skip }, async t => {
    await scaleTo(2);
    const old = (await chat.settled(2))[0]?.revision;
    const clients = await movingClients(t, chat.url, { clients: CLIENTS });
    const leader = await operator.holder();
    const outcome = await underway(t, chat, clients, 1, async () => {
      await chat.patch({ spec: { gateway: { resources: { requests: { memory: `${++mebibytes}Mi` } } } } });
      await until(`the rollout is ${reason}`, async () => (await chat.condition('Progressing'))?.reason === reason);
      await operator.signalLeader('KILL');
      await operator.newLeader(leader);
      assert.notEqual((await chat.settled(2))[0]?.revision, old);
    });
    assert.equal(outcome.moved, outcome.clients);
  });
}

test('a leader that stands still while another one scales down takes no step of its own afterwards', {
  skip,
}, async t => {
  await scaleTo(3);
  const before = await chat.settled(3);
  await untilReached(
    t,
    chat.url,
    before.map(pod => pod.name),
  );
  const clients = await movingClients(t, chat.url, { clients: CLIENTS });
  const leader = await operator.holder();
  const outcome = await underway(t, chat, clients, 1, async () => {
    await scaleTo(2);
    await until('a victim is chosen', async () => (await victims()).length > 0);
    const pod = await operator.signalLeader('STOP');
    try {
      await operator.newLeader(leader);
      await chat.settled(2);
    } finally {
      await operator.resume(pod);
    }
    await clients.messages(100);
    await chat.settled(2);
  });
  const left = new Set((await chat.pods()).map(({ uid }) => uid));
  assert.equal(before.filter(({ uid }) => left.has(uid)).length, 2);
  assert.ok(outcome.writes, 'its writes were counted');
  const lowered = outcome.writes.filter(({ resource, code }) => resource === 'deployments' && code === 200);
  assert.equal(lowered.length, 1);
});

full('kill -9 of the operator in a rebalance: it goes on, and nobody moves twice', { skip }, async t => {
  await scaleTo(2);
  await chat.settled(2);
  const clients = await movingClients(t, chat.url, { clients: 120 });
  const leader = await operator.holder();
  await underway(t, chat, clients, 1, async () => {
    await chat.patch({
      spec: { gateway: { replicas: 3, rebalance: { afterRolloutSeconds: 0, connectionsPerSecond: 3 } } },
    });
    await until('a few clients have moved', () => clients.moved() > 3, { ms: 90_000 });
    await operator.signalLeader('KILL');
    await operator.newLeader(leader);
    await chat.settled(3);
  });
  assert.equal(clients.spread().size, 3);
  const most = Math.max(...clients.spread().values());
  // The mean, and the ten clients that no move is worth.
  assert.ok(most <= 52, `the fullest gateway still has ${most} of 122 clients`);
});
