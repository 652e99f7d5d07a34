import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import type { ChatCluster } from '../../../../operator/api/chat-cluster.ts';
import type { KubeObject } from '../../../../operator/api/kube-object.ts';
import type { Probe } from '../../../../operator/ask/probes.ts';
import { createMetrics } from '../../../../operator/process/metrics.ts';
import { Reconciler } from '../../../../operator/reconcile/reconciler.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';
import { settle } from '../../../support/clocks/settle.ts';
import { deploymentPod } from '../../../support/kube/deployment-pod.ts';
import { loadOf, probeOf } from '../../../support/kube/fleet-objects.ts';
import { MemoryApi } from '../../../support/kube/memory-api.ts';
import { watchedCaches } from '../../../support/kube/watched-caches.ts';

/** An API server in which something can happen right before a write, and that counts the generations of Deployments. */
class EventfulApi extends MemoryApi {
  /** Called once, before the next write of a child. */
  before: (() => void) | undefined;

  override async apply<T extends KubeObject>(object: T, subresource?: string): Promise<KubeObject> {
    const happens = subresource === undefined ? this.before : undefined;
    if (happens) {
      this.before = undefined;
      happens();
      await settle();
    }
    const written = await super.apply(object, subresource);
    if (object.kind !== 'Deployment') return written;
    const generation = (written.metadata.generation ?? 0) + 1;
    return this.put({ ...written, metadata: { ...written.metadata, generation } });
  }
}

const { namespace: NAMESPACE, name: NAME } = stored().metadata;
/** Longer than the number of connections may be old in the status. */
const LATER_MS = 31_000;

/** Status of a pod whose container runs. */
const running = (component: string) => ({
  containerStatuses: [{ name: component, restartCount: 0, state: { running: { startedAt: '2026-01-01T00:00:00Z' } } }],
});

/** One ChatCluster whose children are written and whose pods are ready, and passes over it. */
async function atRest(t: TestContext) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1), 0);
  const api = new EventfulApi();
  const metrics = createMetrics();
  const random = () => 0.5;
  const caches = watchedCaches(t, { api, clock, random });
  await settle();
  const answers: { probe: Probe | undefined } = { probe: undefined };
  const reconciler = new Reconciler({
    caches,
    crd: { unknown: [] },
    client: api,
    probes: { latest: () => answers.probe, refresh: () => {}, pace: () => {} },
    recorder: { record: () => {}, forget: () => {} },
    metrics,
    clock,
    random,
    log: pino({ level: 'silent' }),
    defaultImage: 'chat:1',
    rewritesPerSecond: 10,
  });
  const declare = (spec: object, generation: number) =>
    api.put({ ...api.all('ChatCluster')[0], ...stored(spec, { generation }), kind: 'ChatCluster' });
  const pass = async () => {
    clock.pass(LATER_MS);
    await settle();
    await reconciler.run(`${NAMESPACE}/${NAME}`);
    await settle();
  };
  const deployment = (component: string) => {
    const found = api.all('Deployment').find(({ metadata }) => metadata.name.includes(`-${component}`));
    assert.ok(found);
    return found;
  };
  declare({}, 1);
  await pass();
  for (const component of ['gateway', 'worker']) {
    const made = deployment(component);
    const { generation = 0 } = made.metadata;
    const { replicas } = (made as { spec?: { replicas?: number } }).spec ?? {};
    const status = { observedGeneration: generation, replicas, readyReplicas: replicas, updatedReplicas: replicas };
    api.put({ ...made, ...{ status: { ...status, availableReplicas: replicas } } });
    api.put(deploymentPod(made, running(component)));
  }
  const gateway = `${deployment('gateway').metadata.name}-5d-0`;
  const answer = (connections: number, reachable = true) => {
    const nats = { reachable, reason: reachable ? '' : 'connection refused' };
    const known = probeOf([loadOf(gateway, { connections })]);
    const health = { nats, store: { reachable: true, reason: '' } };
    answers.probe = { ...known, at: clock.now(), backends: { ...known.backends, health } };
  };
  answer(70);
  await pass();
  const reported = () => {
    const { status } = api.all('ChatCluster')[0] as ChatCluster;
    const condition = (type: string) => status?.conditions?.find(each => each.type === type);
    return { status, condition };
  };
  const metric = async (name: string) =>
    (await metrics.registry.metrics())
      .split('\n')
      .find(line => line.startsWith(`${name}{`))
      ?.split(' ')[1];
  return { api, declare, pass, deployment, answer, reported, metric };
}

test('answers and pods that come between decision and report change neither status nor metrics of that pass', async t => {
  const { api, declare, pass, deployment, answer, reported, metric } = await atRest(t);
  assert.equal(reported().status?.gateways?.connections, 70);
  const before = reported().status?.conditions;
  declare({ limits: { maxConnections: 9_000 } }, 2);
  api.before = () => {
    answer(9_000, false);
    const crash = { waiting: { reason: 'CrashLoopBackOff', message: 'it ends' } };
    const containerStatuses = [{ name: 'worker', restartCount: 9, state: crash }];
    api.put(
      deploymentPod(deployment('worker'), { conditions: [{ type: 'Ready', status: 'False' }], containerStatuses }),
    );
  };
  await pass();
  assert.equal(api.before, undefined, 'something was written between decision and report');
  assert.equal(reported().status?.observedGeneration, 2);
  assert.equal(reported().status?.gateways?.connections, 70);
  assert.equal(await metric('chatcluster_operator_connections'), '70');
  const plain = (all: typeof before) =>
    all?.map(({ type, status, reason, message }) => ({ type, status, reason, message }));
  assert.deepEqual(plain(reported().status?.conditions), plain(before));

  await pass();
  assert.equal(reported().status?.gateways?.connections, 9_000);
  assert.equal(await metric('chatcluster_operator_connections'), '9000');
  assert.equal(reported().condition('MessagingReachable')?.status, 'False');
  assert.match(reported().condition('Ready')?.message ?? '', /keeps stopping/);
});

test('what a pass writes counts in its own report: a new generation is not rolled out before its pods are', async t => {
  const { declare, pass, reported } = await atRest(t);
  assert.equal(reported().condition('RolledOut')?.status, 'True', reported().condition('RolledOut')?.message);
  declare({ worker: { replicas: 3 } }, 2);
  await pass();
  assert.equal(reported().condition('RolledOut')?.observedGeneration, 2);
  assert.deepEqual(
    [reported().condition('RolledOut')?.status, reported().condition('RolledOut')?.reason],
    ['False', 'WorkersUpdating'],
  );
});
