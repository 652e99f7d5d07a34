import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { RESOURCES } from '../../operator/kube/resources.ts';
import { SETTINGS_FILES } from '../../server/contract/settings-files.ts';
import { until } from '../../tools/support/until.ts';
import { FleetSuite } from '../support/kube/fleet-suite.ts';
import { ObservedFleet } from '../support/kube/observed-fleet.ts';

const suite = new FleetSuite();

describe('the operator moves clients only on purpose', { concurrency: true }, () => {
  test('a scale-down closes the victims to new clients, then moves theirs, then removes them and nobody else', async () => {
    const fleet = await ObservedFleet.make(suite, 'shrinks', { replicas: 4 }, 80);
    const [deployment] = await fleet.deployments();
    const before = fleet.names;
    await fleet.gatewaySpec({ replicas: 2 });
    const told = await until('two are told to take nobody', async () => {
      const marked = fleet.gateways.filter(gateway => gateway.shut);
      return marked.length === 2 ? marked.map(({ name }) => name) : undefined;
    });
    assert.equal((await fleet.deployments())[0]?.spec.replicas, 4);
    assert.deepEqual(
      fleet.gateways.map(({ clients }) => clients.size),
      [20, 20, 20, 20],
    );
    for (const name of told) {
      const { 'chatcluster.dev/traffic': intent = '', ...rest } = await fleet.annotationsOf(name);
      assert.equal(JSON.parse(intent).reason, 'ScaleDown');
      assert.ok(Number(rest['controller.kubernetes.io/pod-deletion-cost']) < 0);
    }
    await fleet.has(2);
    assert.deepEqual(
      fleet.names,
      before.filter(name => !told.includes(name)),
    );
    fleet.assertMoves(1);
    const incidents = suite.pods.incidentsOf('shrinks');
    const closings = incidents.filter(({ what }) => what === 'Closing');
    assert.ok(closings.length > 0);
    for (const { offered } of closings)
      assert.deepEqual([...offered].sort(), fleet.names, 'a client may meet a victim');
    const [first] = (await fleet.deployments()).map(({ metadata }) => metadata.name);
    assert.equal(first, deployment?.metadata.name);
  });

  test('a scale-up in the middle of a scale-down takes it back, and no gateway goes', async () => {
    const drain = { delaySeconds: 1, timeoutSeconds: 20, reconnectsPerSecond: 4, patienceSeconds: 0 };
    const fleet = await ObservedFleet.make(suite, 'hesitates', { replicas: 3, drain }, 90);
    const before = fleet.names;
    await fleet.gatewaySpec({ replicas: 1 });
    await until('clients are being moved', () =>
      suite.pods.incidentsOf('hesitates').some(({ what }) => what === 'Closing'),
    );
    await fleet.gatewaySpec({ replicas: 3 });
    await fleet.has(3);
    assert.deepEqual(fleet.names, before);
    for (const name of before) {
      const annotations = await fleet.annotationsOf(name);
      assert.deepEqual(
        [annotations['chatcluster.dev/traffic'], annotations['controller.kubernetes.io/pod-deletion-cost']],
        [undefined, undefined],
      );
    }
    fleet.assertMoves(1);
  });

  test('a new image is a second Deployment; the Service moves when it is ready, the old one goes when it is empty', async () => {
    const fleet = await ObservedFleet.make(suite, 'rolls', { replicas: 3 }, 60);
    const [old = ''] = await fleet.revisions();
    suite.pods.broken.add('rolls');
    await fleet.change({ spec: { image: { reference: 'example.com/chat:2' } } });
    await fleet.says('Progressing', 'Starting');
    await until('the new gateways run', () => fleet.gateways.length === 6);
    assert.equal(await fleet.serving(), old);
    assert.equal((await fleet.cluster()).status?.gateways?.revision, old);
    suite.pods.broken.delete('rolls');
    await until('the Service has moved', async () => (await fleet.serving()) !== old);
    const fresh = (await fleet.revisions()).find(revision => revision !== old);
    await until('the old Deployment is gone', async () => (await fleet.deployments()).length === 1);
    await fleet.says('Progressing', 'Complete');
    await fleet.has(3);
    assert.deepEqual(await fleet.revisions(), [fresh]);
    assert.ok(fleet.gateways.every(({ revision }) => revision === fresh));
    assert.equal((await fleet.cluster()).status?.image, 'example.com/chat:2');
    fleet.assertMoves(1);
    const closings = suite.pods.incidentsOf('rolls').filter(({ what }) => what === 'Closing');
    assert.ok(closings.length > 0);
    for (const { offered } of closings)
      assert.deepEqual([...offered].sort(), fleet.names, 'a client may meet an old one');
  });

  test('with Surge there are few new gateways at a time, and a client moves once', async () => {
    const rollout = { strategy: 'Surge', surgePercent: 25 };
    const fleet = await ObservedFleet.make(suite, 'surges', { replicas: 3, rollout }, 30);
    const [old = ''] = await fleet.revisions();
    let most = 0;
    // Three rounds of what a rollout at once does in one.
    const ms = 90_000;
    await fleet.gatewaySpec({ resources: { requests: { cpu: 2 } } });
    const replaced = async () => {
      most = Math.max(
        most,
        (await fleet.deployments()).reduce((sum, { spec }) => sum + spec.replicas, 0),
      );
      return !(await fleet.revisions()).includes(old);
    };
    await until('the old Deployment is gone', replaced, { ms });
    await fleet.has(3);
    assert.equal(most, 4);
    fleet.assertMoves(1);
  });

  test('a canary takes new clients beside the old gateways, and nobody is moved before it has lasted', async () => {
    const rollout = { canary: { percent: 25, seconds: 3 } };
    const fleet = await ObservedFleet.make(suite, 'tries', { replicas: 3, rollout }, 30);
    const [old = ''] = await fleet.revisions();
    await fleet.change({ spec: { image: { reference: 'example.com/chat:2' } } });
    await until('the Service leads to both', async () => (await fleet.serving()) === undefined);
    await fleet.says('Progressing', 'Canary');
    assert.deepEqual((await fleet.deployments()).map(({ spec }) => spec.replicas).sort(), [1, 3]);
    fleet.assertMoves(0);
    await until('the old Deployment is gone', async () => !(await fleet.revisions()).includes(old));
    await fleet.has(3);
    fleet.assertMoves(1);
  });

  test('with OnDelete a gateway is replaced by one of the new revision when somebody deletes its pod', async () => {
    const fleet = await ObservedFleet.make(suite, 'waits', { replicas: 2, rollout: { strategy: 'OnDelete' } });
    assert.equal(await fleet.serving(), undefined);
    const before = fleet.names;
    const [old] = await fleet.revisions();
    await fleet.change({ spec: { image: { reference: 'example.com/chat:2' } } });
    await fleet.says('Progressing', 'WaitingForDelete');
    assert.deepEqual(fleet.names, before);
    const remove = async (name: string) => {
      const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' } };
      await suite.api.client.delete({ ...object, metadata: { ...object.metadata, ...(await uidOf(name)) } });
    };
    const removed = new Set<string>();
    for (const [count, name] of before.entries()) {
      await remove(name);
      await until('a new one stands in for it', async () => {
        // One of the old revision that is ready before the operator looks may have clients: it stays until it is deleted.
        for (const { name, revision, ready } of fleet.gateways) {
          if (revision !== old || !ready || before.includes(name) || removed.has(name)) continue;
          removed.add(name);
          await remove(name);
        }
        const fresh = fleet.gateways.filter(({ revision, ready }) => revision !== old && ready);
        return fresh.length === count + 1 && fleet.gateways.length === 2;
      });
    }
    await fleet.says('Progressing', 'Complete');
  });

  test('a revision that never becomes ready leaves everybody where they are; undone, it is gone', async () => {
    const fleet = await ObservedFleet.make(suite, 'regrets', { replicas: 2 }, 20);
    const [old = ''] = await fleet.revisions();
    const before = fleet.names;
    suite.pods.broken.add('regrets');
    await fleet.change({ spec: { image: { reference: 'example.com/chat:2' } } });
    await until('the new gateways run', () => fleet.gateways.length === 4);
    const fresh = (await fleet.revisions()).find(revision => revision !== old) ?? '';
    await fleet.annotate({ 'chatcluster.dev/undo': fresh });
    await until('the new Deployment is gone', async () => (await fleet.revisions()).join() === old);
    await fleet.has(2);
    assert.deepEqual(fleet.names, before);
    assert.equal(await fleet.serving(), old);
    await fleet.says('Progressing', 'Complete');
    assert.equal((await fleet.cluster()).status?.image, 'example.com/chat:1');
    fleet.assertMoves(0);
  });

  test('a revision that fails once clients are on it is stopped for good; undone, its clients come back', async () => {
    const drain = { delaySeconds: 1, timeoutSeconds: 10, reconnectsPerSecond: 6, patienceSeconds: 0 };
    const fleet = await ObservedFleet.make(suite, 'fails', { replicas: 2, drain }, 60);
    const [old = ''] = await fleet.revisions();
    const before = fleet.names;
    await fleet.change({ spec: { image: { reference: 'example.com/chat:2' } } });
    await until('clients are being moved', () =>
      suite.pods.incidentsOf('fails').some(({ what }) => what === 'Closing'),
    );
    const fresh = (await fleet.revisions()).find(revision => revision !== old) ?? '';
    const newOnes = fleet.gateways.filter(({ revision }) => revision === fresh);
    for (const gateway of newOnes) gateway.load = { commandsPerSecond: 10, errorsPerSecond: 8 };
    const stopped = await fleet.says('Progressing', 'Stopped');
    assert.deepEqual([stopped.status, /commands and sign-ins fail/.test(stopped.message)], ['False', true]);
    await until('the old gateways take clients again', () =>
      fleet.gateways.every(({ revision, shut }) => revision === fresh || !shut),
    );
    for (const gateway of newOnes) gateway.load = {};
    // What stopped it stays written down, whatever it says now.
    const passed = await suite.passes();
    await until('five more passes were made', async () => (await suite.passes()) >= passed + 5);
    assert.equal((await fleet.condition('Progressing'))?.reason, 'Stopped');

    await fleet.annotate({ 'chatcluster.dev/undo': fresh });
    await until('the new Deployment is gone', async () => (await fleet.revisions()).join() === old);
    await fleet.says('Progressing', 'Complete');
    await fleet.has(2);
    assert.deepEqual(fleet.names, before);
    fleet.assertMoves(2);
  });

  test('a new revision the API server refuses leaves the old one as it is', async () => {
    const fleet = await ObservedFleet.make(suite, 'refused', { replicas: 2 }, 10);
    const revisions = await fleet.revisions();
    const bad = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } };
    await fleet.gatewaySpec({ podTemplate: { affinity: { nodeAffinity: bad } } });
    assert.match((await fleet.says('Ready', 'Refused')).message, /nodeSelectorTerms/);
    assert.deepEqual(await fleet.revisions(), revisions);
    await fleet.gatewaySpec({ podTemplate: { affinity: null } });
    await fleet.says('Ready', 'Working');
    fleet.assertMoves(0);
  });

  test('a HorizontalPodAutoscaler on a Builtin ChatCluster is a condition and holds the size until it is gone', async () => {
    const autoscaling = { mode: 'Builtin', minReplicas: 2, maxReplicas: 5, targetConnections: 50 };
    const fleet = await ObservedFleet.make(suite, 'contested', { replicas: 2, autoscaling });
    const hpa = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'other', namespace: 'default' },
      spec: {
        scaleTargetRef: { apiVersion: 'chatcluster.dev/v1alpha1', kind: 'ChatCluster', name: 'contested' },
        maxReplicas: 9,
      },
    };
    const made = await suite.api.client.create(RESOURCES.horizontalPodAutoscalers, hpa);
    const said = await fleet.says('ScalingActive', 'Held');
    assert.equal(said.status, 'False');
    assert.match(said.message, /HorizontalPodAutoscaler other scales the ChatCluster too/);
    for (const gateway of fleet.gateways) gateway.load = { connections: 80 };
    const wanted = { namespace: 'default', name: 'contested', size: 'wanted' };
    await until('more gateways are wanted', async () => {
      const { values } = await suite.operator.metrics.gateways.get();
      return values.some(({ labels, value }) => isDeepStrictEqual(labels, wanted) && value > 2);
    });
    assert.equal((await fleet.deployments())[0]?.spec.replicas, 2);
    await suite.api.client.delete({ ...made, kind: 'HorizontalPodAutoscaler' });
    await until('the size follows the load', async () => ((await fleet.deployments())[0]?.spec.replicas ?? 0) > 2);
  });

  test('hibernating it has no gateways, and as many as before when it wakes', async () => {
    const fleet = await ObservedFleet.make(suite, 'sleeps', { replicas: 2 }, 20);
    await fleet.annotate({ 'chatcluster.dev/hibernate': 'true' });
    await until('no gateway is left', () => fleet.gateways.length === 0);
    const available = await fleet.says('GatewaysAvailable', 'Hibernating');
    assert.equal(available.status, 'False');
    assert.deepEqual(
      (await fleet.deployments()).map(({ spec }) => spec.replicas),
      [0],
    );
    await fleet.annotate({ 'chatcluster.dev/hibernate': null });
    await fleet.has(2);
    await until('everybody is back', () => fleet.gateways.reduce((sum, { clients }) => sum + clients.size, 0) === 20);
    fleet.assertMoves(1);
  });

  test('a gateway without NATS takes no new clients and keeps its own, and takes clients again once it has NATS', async () => {
    const fleet = await ObservedFleet.make(suite, 'severed', { replicas: 3 }, 30);
    const [gateway] = fleet.gateways;
    assert.ok(gateway);
    gateway.load = { natsUp: false };
    const cutOff = async () => (await fleet.annotationsOf(gateway.name))['chatcluster.dev/traffic'];
    await until('it is closed to new clients', async () => !suite.pods.offeredOf('severed').includes(gateway.name));
    assert.match((await cutOff()) ?? '', /^{"reason":"CutOff","since":"[^"]+","unselected":true}$/);
    const { message } = await until('the condition names it', async () => {
      const condition = await fleet.condition('Progressing');
      return condition?.message.includes(gateway.name) ? condition : undefined;
    });
    assert.match(message, /cut off from NATS/);
    gateway.load = { natsUp: true };
    await fleet.has(3, 90_000); // it stays out for half a minute
    assert.equal(await cutOff(), undefined);
    fleet.assertMoves(0);
  });

  test('a limit reaches gateways that run by their annotation: no Deployment changes, no pod goes', async () => {
    const fleet = await ObservedFleet.make(suite, 'limited', { replicas: 2 }, 10);
    const generation = async () =>
      (await fleet.deployments()).map(({ metadata }) => [metadata.name, metadata.generation]);
    const [before, names] = [await generation(), fleet.names];
    await fleet.change({ spec: { limits: { maxSubscriptions: 64 } } });
    await until('every gateway is told of the new version', async () => {
      type Map = { readonly data: Readonly<Record<string, string>> };
      const { data } = await suite.api.client.get<Map>(RESOURCES.configMaps, 'default', 'limited-gateway');
      const told = await Promise.all(
        names.map(async name => (await fleet.annotationsOf(name))['chatcluster.dev/options']),
      );
      return data['CHAT_MAX_SUBSCRIPTIONS'] === '64' && told.every(version => version === data[SETTINGS_FILES.version]);
    });
    assert.deepEqual([await generation(), fleet.names], [before, names]);
    fleet.assertMoves(0);
  });
});

async function uidOf(pod: string): Promise<{ uid: string }> {
  const { metadata } = await suite.api.client.get<{ metadata: { uid: string } }>(RESOURCES.pods, 'default', pod);
  return metadata;
}

test('Events tell of each step once, and of nothing that did not happen', async () => {
  type Told = { readonly reason: string; readonly regarding: { readonly name: string } };
  const { items } = await suite.api.client.list<Told>(RESOURCES.events, 'default', {});
  const told = (name: string, about: RegExp) =>
    items.flatMap(({ regarding, reason }) => (regarding.name === name && about.test(reason) ? [reason] : [])).sort();
  assert.deepEqual(told('limited', /Rollout|Scaled|Clos|Drain/), []);
  assert.deepEqual(told('shrinks', /Rollout|Scaled|Clos|Drain/), ['Closing', 'Draining', 'ScaledDown']);
  assert.deepEqual(told('sleeps', /Scaled|Hib/), ['Hibernating', 'ScaledUp']);
  assert.deepEqual(told('rolls', /Rollout(Sta|Sto|Com)|Revision/), [
    'RevisionAdded',
    'RolloutComplete',
    'RolloutStarting',
  ]);
  assert.deepEqual(told('fails', /RolloutStop|Reopened/), ['Reopened', 'RolloutStopped']);
});

test('once everything has settled nothing is written', async () => {
  let last = -1;
  let since = 0;
  await until('ten passes wrote nothing', async () => {
    const now = await suite.writes();
    if (now !== last) since = await suite.passes();
    last = now;
    return (await suite.passes()) - since >= 10;
  });
});
