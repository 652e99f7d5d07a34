import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { RESOURCES, type Resource } from '../../operator/kube/resources.ts';
import type { BackendHealth } from '../../server/contract/backends.ts';
import { clusterBinaries } from '../../tools/cluster/binaries.ts';
import { until } from '../../tools/support/until.ts';
import { chatCluster } from '../support/kube/chat-operator.ts';
import { FleetSuite } from '../support/kube/fleet-suite.ts';
import { ObservedFleet, SWIFT } from '../support/kube/observed-fleet.ts';

interface WorkerDeployment extends KubeObject {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly { readonly env: readonly { readonly name: string; readonly value?: string }[] }[];
      };
    };
  };
}

const suite = new FleetSuite();
const QUOTAS = { kind: 'ResourceQuota', apiVersion: 'v1', plural: 'resourcequotas' };
const LIMITS = { kind: 'LimitRange', apiVersion: 'v1', plural: 'limitranges' };

const named = ({ apiVersion, kind }: Resource, name: string, body: object) =>
  ({ apiVersion, kind, metadata: { name, namespace: 'default' }, ...body }) as KubeObject;

/** Pods of the namespace, which a quota counts. */
async function podCount(): Promise<number> {
  return (await suite.api.client.list(RESOURCES.pods, 'default', {})).items.length;
}

/** Waits until Events of a ChatCluster tell of each of `reasons`. @returns how many tell of them */
async function told(name: string, ...reasons: readonly string[]): Promise<number> {
  type Told = { readonly reason: string; readonly regarding: { readonly name: string } };
  return await until(`Events of ${name} tell of ${reasons}`, async () => {
    const { items } = await suite.api.client.list<Told>(RESOURCES.events, 'default', {});
    const found = items.filter(({ regarding, reason }) => regarding.name === name && reasons.includes(reason));
    return new Set(found.map(({ reason }) => reason)).size === reasons.length ? found.length : undefined;
  });
}

async function kubectl(t: TestContext, ...args: readonly string[]): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'chatcluster-kubectl-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const kubeconfig = join(dir, 'kubeconfig');
  writeFileSync(kubeconfig, suite.api.kubeconfig('admin'));
  const { stdout } = await promisify(execFile)(join(await clusterBinaries(), 'kubectl'), args, {
    // It keeps what the API server offers in its home.
    env: { KUBECONFIG: kubeconfig, HOME: dir },
  });
  return stdout;
}

describe('a person sees in the conditions what stands in the way', () => {
  test('a quota that refuses gateways is named, the autoscaler asks for no more, and all heals', async t => {
    const autoscaling = {
      mode: 'Builtin',
      minReplicas: 2,
      maxReplicas: 9,
      targetConnections: 10,
      freeSlots: 0,
      behavior: { scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 1 }] } },
    };
    const fleet = await ObservedFleet.make(suite, 'bounded', { replicas: 2, autoscaling });
    const hard = { pods: String((await podCount()) + 1) };
    await suite.api.client.create(QUOTAS, named(QUOTAS, 'small', { spec: { hard } }));
    t.after(() => kubectl(t, 'delete', '--ignore-not-found', 'quota', 'small'));
    // The controller that counts is not there: admission counts up from what the status says.
    const used = { pods: String(await podCount()) };
    await suite.api.client.patch(QUOTAS, 'default', 'small/status', { status: { hard, used } });
    for (const gateway of fleet.gateways) gateway.load = { connections: 40 };
    const ready = await fleet.says('Ready', 'PodsRefused');
    assert.equal(ready.status, 'False');
    assert.match(ready.message, /pods cannot be created: exceeded quota: small, requested: pods=1/);
    assert.equal((await fleet.condition('GatewaysAvailable'))?.reason, 'PodsRefused');
    const scaling = await fleet.says('ScalingActive', 'PodsRefused');
    assert.equal(scaling.status, 'False');
    assert.match(scaling.message, /exceeded quota: small.*; \d gateways wanted/);
    const size = (await fleet.cluster()).status?.gateways?.desiredReplicas ?? 0;
    assert.ok(size > 2 && size < 9, `asked for ${size}`);
    const passes = await suite.passes();
    await until('it has looked again a few times', async () => (await suite.passes()) > passes + 5);
    assert.equal((await fleet.cluster()).status?.gateways?.desiredReplicas, size);
    assert.equal(await told('bounded', 'PodsRefused'), 1);
    await kubectl(t, 'delete', 'quota', 'small');
    await until('it goes on once pods are created', async () => fleet.gateways.length > size);
  });

  test('a quota that leaves no room for a new ChatCluster is told by an Event too', async t => {
    const hard = { pods: '0' };
    await suite.api.client.create(QUOTAS, named(QUOTAS, 'none', { spec: { hard } }));
    t.after(() => kubectl(t, 'delete', '--ignore-not-found', 'quota', 'none'));
    await suite.api.client.patch(QUOTAS, 'default', 'none/status', { status: { hard, used: { pods: '0' } } });
    await suite.api.client.create(RESOURCES.chatClusters, chatCluster('early', { gateway: SWIFT }));
    const fleet = new ObservedFleet(suite, 'early');
    assert.match((await fleet.says('Ready', 'PodsRefused')).message, /^0 of 2 gateways ready: .* exceeded quota: none/);
    assert.equal(await told('early', 'PodsRefused'), 1);
    await kubectl(t, 'delete', 'quota', 'none');
    await fleet.says('Ready', 'Working');
  });

  test('a LimitRange that refuses the new worker is told although the old one still works', async t => {
    const fleet = await ObservedFleet.make(suite, 'limited', { replicas: 2 });
    await fleet.says('RolledOut', 'Complete');
    const limits = [{ type: 'Container', max: { memory: '2Gi' } }];
    await suite.api.client.create(LIMITS, named(LIMITS, 'low', { spec: { limits } }));
    t.after(() => kubectl(t, 'delete', 'limitrange', 'low'));
    await fleet.change({ spec: { worker: { resources: { limits: { memory: '3Gi' } } } } });
    const ready = await fleet.says('Ready', 'PodsRefused');
    assert.equal(ready.status, 'False');
    assert.match(
      ready.message,
      /1 of 1 workers ready: pods cannot be created: maximum memory usage per Container is 2Gi/,
    );
    const done = await fleet.condition('RolledOut');
    assert.deepEqual([done?.status, done?.reason], ['False', 'WorkersUpdating']);
    assert.equal(await told('limited', 'PodsRefused'), 1);
    await fleet.change({ spec: { worker: { resources: { limits: { memory: '1Gi' } } } } });
    await fleet.says('Ready', 'Working');
    await fleet.says('RolledOut', 'Complete');
  });

  test('a gateway that was killed for want of memory is told with its limit, though it is back', async () => {
    const fleet = await ObservedFleet.make(suite, 'hungry', {
      replicas: 2,
      resources: { limits: { memory: '512Mi' } },
    });
    assert.equal((await fleet.says('PodsStable', 'Stable')).status, 'True');
    for (const name of fleet.names) suite.pods.stopped.set(name, { reason: 'OOMKilled', exitCode: 137 });
    const counted = await until('both are counted', async () => {
      const condition = await fleet.says('PodsStable', 'OOMKilled');
      return condition.message.includes('2 gateways') ? condition : undefined;
    });
    assert.match(
      counted.message,
      /2 gateways killed because it ran out of memory \(container gateway, memory limit 512Mi; restarts: 2\)/,
    );
    await fleet.says('Ready', 'Working');
    assert.equal(await told('hungry', 'OOMKilled'), 1);
  });

  test('a crash carries its last words, a missing image its name', async () => {
    const fleet = await ObservedFleet.make(suite, 'failing', { replicas: 1 });
    const [name = ''] = fleet.names;
    const waiting = (reason: string) => suite.pods.waiting.set(name, { reason, message: 'back-off 40s' });
    suite.pods.stopped.set(name, { reason: 'Error', exitCode: 1, message: 'CHAT_PORT must be a number\n' });
    waiting('CrashLoopBackOff');
    assert.match((await fleet.says('Ready', 'CrashLooping')).message, /last exit code 1: CHAT_PORT must be a number$/);
    waiting('ImagePullBackOff');
    assert.match((await fleet.says('Ready', 'ImagePullFailed')).message, /the image example.com\/chat:1 of container/);
  });

  test('an option that gateways refuse and an annotation nobody reads are told with what is wrong', async () => {
    const fleet = await ObservedFleet.make(suite, 'heedless', { replicas: 2 });
    const line = 'CHAT_AUTH_SECRET must have at least 32 characters, got 7';
    for (const gateway of fleet.gateways) gateway.load = { refused: [line] };
    const refused = await until('both are counted', async () => {
      const condition = await fleet.says('SettingsInForce', 'OptionRefused');
      return condition.message.startsWith('2 gateways') ? condition : undefined;
    });
    assert.equal(refused.message, `2 gateways keep their value: ${line}`);
    await fleet.annotate({ 'chatcluster.dev/hibernat': 'true' });
    const { message } = await fleet.says('SettingsInForce', 'UnknownAnnotation');
    assert.match(message, /chatcluster.dev\/hibernat is not known .*; did you mean chatcluster.dev\/hibernate\?/);
    await fleet.annotate({ 'chatcluster.dev/hibernat': null });
    for (const gateway of fleet.gateways) gateway.load = {};
    assert.equal((await fleet.says('SettingsInForce', 'InForce')).status, 'True');
    await told('heedless', 'OptionRefused', 'UnknownAnnotation');
  });

  test('how many copies of messages NATS keeps is told, with what to do, and a number that is set reaches the workers', async () => {
    const reached = { reachable: true, reason: '' };
    const answers = (copies?: BackendHealth['copies']) =>
      suite.pods.health.set('copies', { nats: reached, store: reached, storeLag: 0, ...(copies ? { copies } : {}) });
    answers();
    // Where something scales by load, pods are asked often.
    const autoscaling = { mode: 'Builtin', minReplicas: 1, maxReplicas: 1 };
    const fleet = await ObservedFleet.make(suite, 'copies', { replicas: 1, autoscaling });
    await fleet.says('Ready', 'Working');
    assert.equal((await fleet.condition('Durable'))?.status, 'Unknown');
    answers({ fewest: 1, whyNotMore: 'NATS is a single server' });
    const single = await fleet.says('Durable', 'SingleCopy');
    assert.equal(single.status, 'False');
    assert.match(single.message, /NATS is a single server; run NATS with three servers/);
    assert.equal((await fleet.condition('Ready'))?.status, 'True');
    answers({ fewest: 3, whyNotMore: '' });
    assert.equal((await fleet.says('Durable', 'Replicated')).status, 'True');
    assert.equal(await told('copies', 'SingleCopy', 'Replicated'), 2);

    const copies = async () => {
      const { spec } = await suite.api.client.get<WorkerDeployment>(RESOURCES.deployments, 'default', 'copies-worker');
      return spec.template.spec.containers[0]?.env.find(({ name }) => name === 'CHAT_STREAM_REPLICAS');
    };
    assert.deepEqual(await copies(), { name: 'CHAT_STREAM_REPLICAS' });
    assert.equal((await fleet.condition('ChildrenAsWritten'))?.status, 'True');
    await fleet.change({ spec: { messages: { streamReplicas: 1 } } });
    await until('the workers are told', async () => (await copies())?.value === '1');
    await fleet.change({ spec: { messages: { streamReplicas: null } } });
    await until('the workers decide again', async () => (await copies())?.value === undefined);
  });

  test('a ChatCluster that somebody holds while it is being deleted says who', async () => {
    const fleet = await ObservedFleet.make(suite, 'lingers', { replicas: 1 });
    await fleet.change({ metadata: { finalizers: ['example.com/backup'] } });
    await suite.api.client.delete({ ...(await fleet.cluster()), kind: RESOURCES.chatClusters.kind });
    const ready = await fleet.says('Ready', 'Deleting');
    assert.equal(ready.status, 'False');
    assert.match(ready.message, /no longer repaired, and waiting for the finalizer example.com\/backup$/);
    assert.equal(await told('lingers', 'Deleting'), 1);
    await fleet.change({ metadata: { finalizers: null } });
  });

  test('kubectl waits for the end of a rollout, and is not deceived by the state before', async t => {
    const fleet = await ObservedFleet.make(suite, 'awaited', { replicas: 2 }, 20);
    await kubectl(t, 'wait', '--for=condition=Ready', '--timeout=60s', 'chatcluster/awaited');
    await fleet.change({ spec: { image: { reference: 'example.com/chat:2' } } });
    // At once: the status is still that of the generation before.
    await kubectl(t, 'wait', '--for=condition=RolledOut', '--timeout=120s', 'chatcluster/awaited');
    assert.deepEqual(
      (await fleet.deployments()).map(({ spec }) => spec.template.spec.containers[0]?.image),
      ['example.com/chat:2'],
    );
    await fleet.annotate({ 'chatcluster.dev/hibernate': 'true' });
    await fleet.says('Ready', 'Hibernating');
    await kubectl(t, 'wait', '--for=condition=Ready', '--timeout=60s', 'chatcluster/awaited');
  });
});
