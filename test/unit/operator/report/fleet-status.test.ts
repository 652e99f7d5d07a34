import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition } from '../../../../operator/api/kube-object.ts';
import type { FleetPlan } from '../../../../operator/fleet/fleet.ts';
import { gatewaysAvailable, progressing, ready } from '../../../../operator/report/conditions.ts';
import { noticeOfDecision, noticesOfConditions, noticesOfIntents } from '../../../../operator/report/notices.ts';
import { countGateways, type StatusInput, status } from '../../../../operator/report/status.ts';
import type { TrafficIntent } from '../../../../server/contract/traffic.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import { decisionOf } from '../../../support/kube/decision.ts';
import { clientService, gatewayPod, see } from '../../../support/kube/fleet-objects.ts';

const CLUSTER = stored();
const intent = (reason: TrafficIntent['reason'], keep?: number): TrafficIntent => ({
  reason,
  since: '2026-01-01T00:00:00.000Z',
  ...(keep === undefined ? {} : { keep }),
});

/** Two old gateways, one of them being emptied, three new ones, one of them not ready, and one that terminates. */
const PODS = see({
  cluster: CLUSTER,
  children: [clientService(CLUSTER, 'new')],
  pods: [
    gatewayPod('o1', 'old'),
    gatewayPod('o2', 'old', { ready: false, intent: intent('Rollout', 0) }),
    gatewayPod('n1', 'new'),
    gatewayPod('n2', 'new'),
    gatewayPod('n3', 'new', { ready: false }),
    gatewayPod('n4', 'new', { terminating: true }),
  ],
  offered: ['n1', 'n2'],
  now: 0,
}).pods;

test('gateways are counted of the revision that serves, those being emptied of all', () => {
  assert.deepEqual(countGateways(PODS, 'new', 3), { desired: 3, replicas: 3, ready: 2, draining: 1 });
  assert.deepEqual(countGateways(PODS, 'old', 3), { desired: 3, replicas: 2, ready: 1, draining: 1 });
  assert.deepEqual(countGateways(PODS, '*', 3), { desired: 3, replicas: 5, ready: 3, draining: 1 });
});

test('a gateway that is to go counts as ready no more; one that only takes no new clients for a while does', () => {
  const ready = (reason: TrafficIntent['reason']) => {
    const pods = [gatewayPod('a', 'r', { intent: intent(reason) })];
    const seen = see({ cluster: CLUSTER, children: [], pods, offered: [], now: 0 }).pods;
    return countGateways(seen, 'r', 1).ready;
  };
  assert.deepEqual((['ScaleDown', 'Hibernate', 'Rollout'] as const).map(ready), [0, 0, 0]);
  assert.deepEqual((['Rebalance', 'NodeDrain', 'CutOff'] as const).map(ready), [1, 1, 1]);
});

const input = (change: Partial<StatusInput> = {}): StatusInput => ({
  cluster: CLUSTER,
  children: [],
  gatewayPods: [],
  workerPods: [],
  refusals: undefined,
  unknownFields: [],
  gateways: { desired: 3, replicas: 3, ready: 2, draining: 1 },
  desiredWorkers: 1,
  serving: 'new',
  rollout: { reason: 'Moving', message: '2 old gateways with 10 connections left' },
  draining: '',
  image: 'example.com/chat:1',
  defaultImage: 'example.com/chat:1',
  backends: undefined,
  loads: undefined,
  decision: decisionOf('Disabled'),
  failure: undefined,
  altered: [],
  connections: undefined,
  isLate: () => false,
  now: new Date(0),
  ...change,
});

test('/scale sees the gateways that serve and nobody else', () => {
  const { selector, gateways } = status(input());
  const labels = (selector ?? '').split(',');
  assert.ok(labels.includes('chatcluster.dev/revision=new') && labels.includes('app.kubernetes.io/component=gateway'));
  assert.deepEqual(gateways, {
    replicas: 3,
    readyReplicas: 2,
    desiredReplicas: 3,
    drainingReplicas: 1,
    revision: 'new',
  });
  const ofAll = status(input({ serving: '*' })).selector ?? assert.fail('there is no selector');
  assert.doesNotMatch(ofAll, /revision/);
});

const ROLLOUTS = [
  'Complete',
  'NoneReady',
  'Starting',
  'Canary',
  'Spreading',
  'Moving',
  'WaitingForDelete',
  'Held',
  'Stopped',
] as const;
test('a rollout is Progressing until it is stopped, with its reason and numbers', () => {
  for (const reason of ROLLOUTS) {
    const verdict = progressing({ reason, message: 'numbers' });
    assert.deepEqual(
      [verdict.status, verdict.reason, verdict.message],
      [reason === 'Stopped' ? 'False' : 'True', reason, 'numbers'],
    );
  }
});

test('what is emptied beside a rollout, or why it waits, is said in the same place', () => {
  const draining = '1 of the 2 gateways that stay are not ready; no gateway is removed until they are';
  const said = status(input({ rollout: { reason: 'Complete', message: 'all of one revision' }, draining })).conditions;
  assert.equal(said?.find(({ type }) => type === 'Progressing')?.message, `all of one revision; ${draining}`);
});

const WELL = { type: 'GatewaysAvailable', status: 'True', reason: 'AllReady', message: 'all' } as const;
const FLEET = { desired: 2, replicas: 2, ready: 2, problem: undefined };
const readyWith = (rollout: FleetPlan['rollout'], available: ReturnType<typeof gatewaysAvailable> = WELL) =>
  ready({
    available,
    moving: progressing(rollout),
    gateways: FLEET,
    workers: { ...FLEET, update: { isComplete: true, stalled: '', updated: 2 } },
    backends: [],
    failure: undefined,
    against: [],
  });

test('a stopped rollout is not what was declared: not Ready; one in progress is', () => {
  const stopped = readyWith({ reason: 'Stopped', message: 'it fails' });
  assert.deepEqual([stopped.status, stopped.reason, stopped.message], ['False', 'RolloutStopped', 'it fails']);
  assert.equal(readyWith({ reason: 'Moving', message: '' }).status, 'True');
});

test('workers that make no progress because MongoDB is away are no fault of the rollout', () => {
  const reason = (store: 'True' | 'False') =>
    ready({
      available: WELL,
      moving: progressing({ reason: 'Complete', message: '' }),
      gateways: FLEET,
      workers: { ...FLEET, update: { isComplete: false, stalled: 'no progress', updated: 1 } },
      backends: [{ type: 'StoreReachable', status: store, reason: '', message: 'the workers do not reach MongoDB' }],
      failure: undefined,
      against: [],
    }).reason;
  assert.deepEqual([reason('False'), reason('True')], ['StoreUnreachable', 'RolloutStopped']);
});

test('a chat that hibernates is what was declared: Ready, and it says why nobody can connect', () => {
  const available = gatewaysAvailable({ ...FLEET, desired: 0, replicas: 0, ready: 0 });
  assert.deepEqual([available.status, available.reason], ['False', 'Hibernating']);
  const asleep = readyWith({ reason: 'Complete', message: '' }, available);
  assert.deepEqual([asleep.status, asleep.reason], ['True', 'Hibernating']);
});

test('what a chat passes through on its way to sleep and back is no warning', () => {
  const ready = (status: Condition['status'], reason: string): Condition => ({
    type: 'Ready',
    status,
    reason,
    message: '',
    lastTransitionTime: '',
  });
  const told = (from: Condition, to: Condition) => noticesOfConditions([from], [to]).map(({ reason }) => reason);
  const [works, sleeps] = [ready('True', 'Working'), ready('True', 'Hibernating')];
  assert.deepEqual(told(works, sleeps), []);
  assert.deepEqual(told(sleeps, ready('False', 'GatewaysNotReady')), []);
  assert.deepEqual(told(sleeps, ready('False', 'CrashLooping')), ['CrashLooping']);
  assert.deepEqual(told(ready('False', 'GatewaysNotReady'), works), ['Ready']);
});

const condition = (reason: string, is: Condition['status'] = 'True'): Condition => ({
  type: 'Progressing',
  status: is,
  reason,
  message: 'numbers',
  lastTransitionTime: '',
});
const told = (from: string, to: string) =>
  noticesOfConditions([condition(from)], [condition(to, to === 'Stopped' ? 'False' : 'True')]).map(
    ({ type, reason }) => `${type} ${reason}`,
  );

test('Events tell of the start, the stop, a hold and the end of a rollout, not of each step', () => {
  assert.deepEqual(told('Complete', 'Starting'), ['Normal RolloutStarting']);
  assert.deepEqual(told('Starting', 'Spreading'), []);
  assert.deepEqual(told('Spreading', 'Moving'), []);
  assert.deepEqual(told('Moving', 'Held'), ['Normal RolloutHeld']);
  assert.deepEqual(told('Moving', 'Stopped'), ['Warning RolloutStopped']);
  assert.deepEqual(told('Moving', 'Complete'), ['Normal RolloutComplete']);
  assert.deepEqual(told('Moving', 'Moving'), []);
  assert.deepEqual(told('WaitingForDelete', 'Complete'), ['Normal RolloutComplete']);
  assert.deepEqual(told('NoneReady', 'Complete'), [], 'a new ChatCluster');
  assert.deepEqual(told('Complete', 'NoneReady'), [], 'all gateways are gone for a moment');
  assert.deepEqual(told('Spreading', 'Complete'), [], 'a new ChatCluster');
  assert.deepEqual(noticesOfConditions([], [condition('Starting')]), []);
});

test('Events name the gateways that were told something, by what they were told', () => {
  const pods = ['a', 'b', 'c', 'd', 'e'].map(name => gatewayPod(name, 'r'));
  const intents = new Map<string, TrafficIntent | undefined>([
    ['a', intent('ScaleDown')],
    ['b', intent('ScaleDown')],
    ['c', intent('Rollout', 0)],
    ['d', undefined],
  ]);
  const patched = pods.map(pod => ({ pod, annotations: {}, labels: {} }));
  assert.deepEqual(
    noticesOfIntents(patched, intents).map(({ reason, note }) => `${reason}: ${note}`),
    [
      'Closing: a, b: takes no new clients (ScaleDown)',
      'Draining: c: clients are moved in waves (Rollout)',
      'Reopened: d: takes clients again',
    ],
  );
  // Told in vain: the write failed.
  assert.deepEqual(noticesOfIntents([], intents), []);
});

const decision = {
  replicas: 3,
  reason: 'ScaledUp',
  message: 'from 2 to 3: 240 connections',
  connections: 240,
  wanted: 3,
  target: undefined,
  capacity: undefined,
  asks: [],
  history: [],
} as const;

test('Events tell of each step of the size, whoever decided it', () => {
  const [up] = noticeOfDecision(decision, 2, 3, 2);
  assert.deepEqual([up?.reason, up?.note], ['ScaledUp', 'gateways from 2 to 3: 240 connections']);
  assert.deepEqual(noticeOfDecision(decision, 3, 3, 3), []);
  const [asleep] = noticeOfDecision(decision, 2, 0, 2);
  assert.deepEqual([asleep?.reason, asleep?.note], ['Hibernating', 'gateways from 2 to 0']);
  const [awake] = noticeOfDecision(decision, 0, 3, 0);
  assert.deepEqual([awake?.reason, awake?.note], ['ScaledUp', 'gateways from 0 to 3']);
  assert.equal(noticeOfDecision({ ...decision, replicas: 1 }, 2, 1, undefined)[0]?.reason, 'ScaledDown');
});

test('a step that has to wait is told once', () => {
  assert.deepEqual(noticeOfDecision({ ...decision, replicas: 1, message: 'from 2 to 1: 90 connections' }, 2, 1, 1), []);
});
