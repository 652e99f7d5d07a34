import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, Pod } from '../../../../operator/api/kube-object.ts';
import {
  CLIENTS_LABEL,
  CONTINUE_ANNOTATION,
  PAUSE_ANNOTATION,
  UNDO_ANNOTATION,
} from '../../../../operator/desired/names.ts';
import { revisionOf } from '../../../../operator/desired/revision.ts';
import { gatewayDeployments } from '../../../../operator/fleet/observe.ts';
import { nothingSeen } from '../../../../operator/reconcile/view.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import {
  clientService,
  type GatewayPodChange,
  gatewayDeployment,
  gatewayPod,
  loadOf,
  type Scene,
  see,
} from '../../../support/kube/fleet-objects.ts';

const CLUSTER = stored();
const REVISION = revisionOf(CLUSTER, 'gateway');
const annotated = (annotations: Record<string, string>) => stored({}, { annotations });

const scene = (change: Partial<Scene> = {}): Scene => ({
  cluster: CLUSTER,
  children: [gatewayDeployment(CLUSTER, REVISION), clientService(CLUSTER, REVISION)],
  pods: [gatewayPod('a', REVISION)],
  offered: ['a'],
  now: 100_000,
  ...change,
});
const podOf = (change: GatewayPodChange, rest: Partial<Scene> = {}) => {
  const [pod] = see(scene({ pods: [gatewayPod('a', REVISION, change)], ...rest })).pods;
  assert.ok(pod);
  return pod;
};

test('a gateway is what its pod, its endpoints and its own answer say', () => {
  const since = new Date(5_000).toISOString();
  const intent = { reason: 'ScaleDown', since } as const;
  const change = { ready: false, intent, createdAt: 1_000 };
  assert.deepEqual(podOf(change, { loads: [loadOf('a', { connections: 7 })], offered: [], unofferedSince: 6_000 }), {
    name: 'a',
    revision: REVISION,
    scheduled: true,
    running: true,
    ready: false,
    terminating: false,
    selectable: true,
    offered: false,
    offeredSince: undefined,
    unofferedSince: 6_000,
    nodeLeaving: false,
    intent,
    intentSince: 100_000,
    connections: 7,
    refusing: undefined,
    natsUp: true,
    cutOffSince: undefined,
    createdAt: 1_000,
  });
});

test('a silent gateway may have any number of clients; one that never ran has none', () => {
  assert.equal(podOf({}).connections, undefined);
  assert.equal(podOf({ running: false }).connections, 0);
  assert.deepEqual([podOf({ running: false, node: '' }).scheduled, podOf({ running: false }).scheduled], [false, true]);
});

test('a pod that terminates is not ready, whatever its condition says', () => {
  const pod = podOf({ terminating: true });
  assert.deepEqual([pod.terminating, pod.ready], [true, false]);
});

test('a pod that was evicted, or outlived its grace on a dead node, is no gateway any more', () => {
  const pods = [
    gatewayPod('a', REVISION),
    gatewayPod('evicted', REVISION, { running: false, phase: 'Failed' }),
    gatewayPod('shut down', REVISION, { running: false, phase: 'Succeeded' }),
    gatewayPod('drains', REVISION, { terminating: 11 }),
    gatewayPod('on a dead node', REVISION, { terminating: 10 }),
  ];
  const seen = nothingSeen();
  const at = (now: number) => see(scene({ pods, seen, now })).pods.map(({ name }) => name);
  assert.deepEqual(at(100_000), ['a', 'drains', 'on a dead node'], 'the grace counts from when it is first seen');
  assert.deepEqual(at(120_001), ['a', 'drains']);
});

test('a traffic annotation of another writer counts as an intent, so that it is removed', () => {
  for (const intent of ['gone', 'null', '7', '{"reason":']) assert.equal(podOf({ intent }).intent?.since, '', intent);
  assert.equal(podOf({}).intent, undefined);
});

test('a sidecar that runs does not make a gateway one that runs', () => {
  const beside = (pod: Pod): Pod => {
    const sidecar = { name: 'proxy', restarts: 0, startedAt: '2026-01-01T00:00:00Z' };
    return { ...pod, status: { ...pod.status, containers: [sidecar, ...pod.status.containers] } };
  };
  const of = (change: GatewayPodChange) => see(scene({ pods: [beside(gatewayPod('a', REVISION, change))] })).pods[0];
  assert.deepEqual([of({ running: false })?.running, of({ running: false })?.connections], [false, 0]);
  assert.equal(of({})?.running, true);
});

test('Deployments count by revision, owner and name: a copy and that of another ChatCluster of the name do not', () => {
  const mine = gatewayDeployment(CLUSTER, REVISION);
  const copy = { ...mine, metadata: { ...mine.metadata, name: `${mine.metadata.name}-copy` } };
  const other = gatewayDeployment(stored({}, { uid: 'another' }), 'bbbbbbbbbb');
  const service = clientService(CLUSTER, REVISION);
  assert.deepEqual(gatewayDeployments(CLUSTER, [copy, other, service, mine]), [mine]);
});

test('what was written down of a rollout is read again; without it, it is none', () => {
  const children = [
    gatewayDeployment(CLUSTER, REVISION, { replicas: 3, targetedAt: 50_000, stopped: 'it fails' }),
    clientService(CLUSTER, 'old', 40_000),
  ];
  const seen = see(scene({ children }));
  const row = { revision: REVISION, replicas: 3, createdAt: 0, targetedSince: 100_000 };
  assert.deepEqual(seen.revisions, [{ ...row, targetedAt: 50_000, stopped: 'it fails' }]);
  assert.deepEqual([seen.serving, seen.servingSince, seen.movedAt], ['old', 100_000, 40_000]);
  const bare = children.map(child => ({ ...child, metadata: { ...child.metadata, annotations: {} } }));
  const unknown = see(scene({ children: bare }));
  assert.deepEqual(unknown.revisions, [{ ...row, targetedAt: 0, stopped: '' }]);
  assert.deepEqual([unknown.serving, unknown.servingSince, unknown.movedAt], ['old', Number.NEGATIVE_INFINITY, 0]);
});

test('how long things have been so is measured from the first look that found them so, whatever was written down', () => {
  const seen = nothingSeen();
  const look = (now: number, targetedAt: number, movedAt: number, since: string) => {
    const children = [gatewayDeployment(CLUSTER, REVISION, { targetedAt }), clientService(CLUSTER, REVISION, movedAt)];
    const pods = [gatewayPod('a', REVISION, { intent: { reason: 'CutOff', since } })];
    const { pods: found, revisions, servingSince } = see(scene({ children, pods, seen, now }));
    return [revisions[0]?.targetedSince, servingSince, found[0]?.intentSince];
  };
  assert.deepEqual(look(1_000, 7, 7, 'then'), [1_000, 1_000, 1_000]);
  assert.deepEqual(look(2_000, 7, 7, 'then'), [1_000, 1_000, 1_000]);
  assert.deepEqual(look(3_000, 9e12, 9e12, 'later'), [3_000, 3_000, 3_000]);
  see(scene({ children: [], pods: [], seen, now: 4_000 }));
  assert.deepEqual(look(5_000, 9e12, 9e12, 'later'), [5_000, 5_000, 5_000], 'what was gone in between begins anew');
});

test('a Service that selects no revision serves all; without a Service none serves', () => {
  assert.equal(see(scene({ children: [clientService(CLUSTER, '*')] })).serving, '*');
  assert.equal(see(scene({ children: [] })).serving, undefined);
});

test('a gateway without the label is passed over where the Service asks for it', () => {
  const service = clientService(CLUSTER, REVISION) as KubeObject & { readonly spec: { readonly selector: object } };
  const asks = { ...service, spec: { selector: { ...service.spec.selector, [CLIENTS_LABEL]: 'accept' } } };
  const selectable = (labels: Record<string, string>, children: readonly KubeObject[]) =>
    podOf({ labels }, { children }).selectable;
  assert.equal(selectable({}, [asks]), false);
  assert.equal(selectable({ [CLIENTS_LABEL]: 'no' }, [asks]), false);
  assert.equal(selectable({ [CLIENTS_LABEL]: 'accept' }, [asks]), true);
  assert.deepEqual([selectable({}, [service]), selectable({}, [])], [true, true]);
});

test('a stopped rollout goes on when a person says so, of this revision alone', () => {
  const children = [gatewayDeployment(CLUSTER, REVISION, { stopped: 'it fails' })];
  const stopped = (value: string) =>
    see(scene({ cluster: annotated({ [CONTINUE_ANNOTATION]: value }), children })).revisions[0]?.stopped;
  assert.equal(stopped(REVISION), '');
  assert.equal(stopped('another'), 'it fails');
});

test('a person undoes a revision or pauses everything', () => {
  assert.equal(see(scene({ cluster: annotated({ [UNDO_ANNOTATION]: REVISION }) })).undone, REVISION);
  assert.equal(see(scene({ cluster: annotated({ [PAUSE_ANNOTATION]: 'All' }) })).hold, 'paused by annotation');
  assert.equal(see(scene({ cluster: annotated({ [PAUSE_ANNOTATION]: 'ScaleIn' }) })).hold, '');
});

test('the loads of old and new gateways are weighed against each other', () => {
  const pods = [gatewayPod('old', 'aaaaaaaaaa'), gatewayPod('new', REVISION)];
  const failing = { errorsPerSecond: 20 };
  const of = (old: object, fresh: object) =>
    see(scene({ pods, loads: [loadOf('old', old), loadOf('new', fresh)], offered: ['old', 'new'] })).unhealthy;
  assert.match(of({}, failing), /5 % of commands/);
  assert.equal(of(failing, {}), '');
  assert.equal(of(failing, failing), '');
});
