import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { RESOURCES } from '../../operator/kube/resources.ts';
import { until } from '../../tools/support/until.ts';
import type { FakeGateway } from '../support/kube/fake-gateway.ts';
import { FleetSuite } from '../support/kube/fleet-suite.ts';
import { ObservedFleet } from '../support/kube/observed-fleet.ts';

const suite = new FleetSuite();
const LABEL = 'chatcluster.dev/clients';
/** So slow that a test is over before anybody has moved. */
const SLOW = { delaySeconds: 1, timeoutSeconds: 600, reconnectsPerSecond: 1, patienceSeconds: 0 };

interface Budget extends KubeObject {
  readonly status?: { readonly disruptionsAllowed?: number; readonly observedGeneration?: number };
}

/** Waits until the budget of a revision allows so many evictions. */
async function allows(fleet: ObservedFleet, revision: string, count: number): Promise<void> {
  const name = `${fleet.name}-gateway-${revision}`;
  await until(`the budget ${name} allows ${count}`, async () => {
    const { status } = await suite.api.client.get<Budget>(RESOURCES.podDisruptionBudgets, 'default', name);
    return status?.disruptionsAllowed === count;
  });
}

/** Gives all clients of `from` to `to`. */
function handOver(from: FakeGateway, to: FakeGateway): void {
  for (const client of from.clients) to.clients.add(client);
  from.clients.clear();
}

describe('who takes no new clients is as ready as ever', { concurrency: true }, () => {
  test('gateways that shed after a scale-up stay ready: the Deployment is available, and so is the ChatCluster', async () => {
    const rebalance = { tolerancePercent: 10, connectionsPerSecond: 1, afterRolloutSeconds: 0 };
    const fleet = await ObservedFleet.make(suite, 'sheds', { replicas: 2, rebalance }, 80);
    const [first] = await fleet.revisions();
    await fleet.gatewaySpec({ replicas: 4 });
    const shedding = () => {
      const shut = fleet.gateways.filter(gateway => gateway.shut);
      return shut.length === 2 ? shut : undefined;
    };
    // Only gateways that have taken clients for half a minute shed any.
    const heavy = await until('two shed', shedding, { ms: 90_000 });
    for (let round = 0; round < 20; round++) {
      const passed = await suite.passes();
      const [deployment] = await fleet.deployments();
      const conditions = deployment?.status?.conditions ?? assert.fail('nothing is said of the Deployment');
      const bad = conditions.filter(({ type, status }) => type !== 'ReplicaFailure' && status !== 'True');
      assert.deepEqual(bad, [], 'conditions of the Deployment');
      assert.ok(heavy.every(gateway => gateway.ready));
      const { status } = await fleet.cluster();
      assert.deepEqual([status?.gateways?.readyReplicas, (await fleet.condition('Ready'))?.status], [4, 'True']);
      await until('another pass', async () => (await suite.passes()) > passed);
    }
    assert.ok(heavy.some(({ clients }) => clients.size < 40));
    for (const { name } of heavy) {
      const { labels, annotations } = (await fleet.pod(name)).metadata;
      assert.equal(labels?.[LABEL], undefined);
      assert.match(annotations?.['chatcluster.dev/traffic'] ?? '', /"unselected":true/);
    }
    await fleet.gatewaySpec({ rebalance: { mode: 'Disabled' } });
    await fleet.has(4);
    for (const { name } of heavy) assert.equal((await fleet.pod(name)).metadata.labels?.[LABEL], 'accept');
    assert.deepEqual(await fleet.revisions(), [first]);
    fleet.assertMoves(1);
    const unready = suite.pods.incidentsOf('sheds').filter(({ what }) => what === 'NotReady');
    assert.deepEqual(unready, []);
  });

  test('no second gateway with clients is evicted while one is out, also none that is being emptied; an empty one is', async () => {
    const fleet = await ObservedFleet.make(suite, 'evicted', { replicas: 4, drain: SLOW }, 40);
    const [revision = ''] = await fleet.revisions();
    const [empty, other, third] = fleet.gateways;
    assert.ok(empty && other && third);
    handOver(empty, other);
    const heard = empty.asked;
    await until('the operator knows', () => empty.asked > heard + 1);
    await fleet.gatewaySpec({ replicas: 2 });
    const victims = await until('two are to be emptied', () => {
      const shut = fleet.gateways.filter(gateway => gateway.shut && gateway.refuses);
      return shut.length === 2 ? shut : undefined;
    });
    const full = victims.find(({ name }) => name !== empty.name);
    assert.ok(full && full.clients.size > 0 && victims.some(({ name }) => name === empty.name));
    await allows(fleet, revision, 1);
    // What takes its place does not start before the test has seen what it wants to see.
    suite.pods.broken.add('evicted');
    assert.equal(await fleet.evict(empty.name), 201, 'an empty victim');
    assert.equal(await fleet.evict(full.name), 429, 'a full victim');
    const serving = fleet.gateways.find(({ shut }) => !shut);
    assert.equal(await fleet.evict(serving?.name ?? ''), 429, 'one that serves');
    suite.pods.broken.delete('evicted');
    await fleet.gatewaySpec({ drain: { timeoutSeconds: 2, reconnectsPerSecond: 100 } });
    await fleet.has(2, 60_000);
    fleet.assertMoves(1);
  });

  test('a node can be drained of gateways of either revision while the new ones are not ready', async () => {
    const fleet = await ObservedFleet.make(suite, 'drained', { replicas: 3 });
    const [old = ''] = await fleet.revisions();
    const before = fleet.names;
    suite.pods.broken.add('drained');
    await fleet.change({ spec: { image: { reference: 'example.com/chat:2' } } });
    await fleet.says('Progressing', 'Starting');
    const fresh = await until('the new gateways run', () => {
      const names = fleet.names.filter(name => !before.includes(name));
      return names.length === 3 ? names : undefined;
    });
    for (const name of fresh.slice(0, 2)) assert.equal(await fleet.evict(name), 201, 'one that is not ready');
    await allows(fleet, old, 1);
    const [first = '', second = ''] = before;
    assert.equal(await fleet.evict(first), 201);
    assert.equal(await fleet.evict(second), 429, 'the first one has no replacement yet');
    suite.pods.broken.delete('drained');
    await fleet.says('Progressing', 'Complete');
    await fleet.has(3);
  });

  test('kubectl rollout restart of gateways is refused and ends: the pods stay, nobody moves, and an Event says what to do', async () => {
    const fleet = await ObservedFleet.make(suite, 'restarted', { replicas: 3 }, 30);
    const before = fleet.names;
    const [deployment] = await fleet.deployments();
    const { name = '' } = deployment?.metadata ?? {};
    // As a container does that takes its time to start.
    suite.pods.broken.add('restarted');
    const annotations = { 'kubectl.kubernetes.io/restartedAt': '2026-01-01T00:00:00Z' };
    await suite.api.client.patch(RESOURCES.deployments, 'default', name, {
      spec: { template: { metadata: { annotations } } },
    });
    type Event = { readonly reason: string; readonly note: string; readonly regarding: { readonly name: string } };
    const { note } = await until('it is refused', async () => {
      const { items } = await suite.api.client.list<Event>(RESOURCES.events, 'default', {});
      return items.find(({ reason, regarding }) => reason === 'RestartRefused' && regarding.name === 'restarted');
    });
    assert.match(note, /chatcluster\.dev\/restart/);
    suite.pods.broken.delete('restarted');
    await until('the Deployment has all its pods, of one template', async () => {
      const [now] = await fleet.deployments();
      const { generation } = now?.metadata ?? {};
      const { observedGeneration, replicas, updatedReplicas } = now?.status ?? {};
      return observedGeneration === generation && replicas === 3 && updatedReplicas === 3;
    });
    await fleet.has(3);
    assert.deepEqual(fleet.names, before);
    fleet.assertMoves(0);
  });

  test('a label that somebody takes away by hand is put back, and one given by hand to who is to take nobody is taken away', async () => {
    const fleet = await ObservedFleet.make(suite, 'relabelled', { replicas: 3, drain: SLOW }, 30);
    const label = async (name: string, value: string | null) =>
      void (await suite.api.client.patch(RESOURCES.pods, 'default', name, {
        metadata: { labels: { [LABEL]: value } },
      }));
    const labelOf = async (name: string) => (await fleet.pod(name)).metadata.labels?.[LABEL];
    const [name = ''] = fleet.names;
    await label(name, null);
    await until('it is labelled again', async () => (await labelOf(name)) === 'accept');
    await fleet.has(3);
    await fleet.gatewaySpec({ replicas: 2 });
    const victim = await until('one is to go', () => fleet.gateways.find(({ shut }) => shut));
    await label(victim.name, 'accept');
    await until('it has no label again', async () => (await labelOf(victim.name)) === undefined);
    assert.deepEqual([victim.ready, victim.shut], [true, true]);
    await fleet.gatewaySpec({ replicas: 3 });
    await fleet.has(3);
  });
});
