import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatCluster } from '../../../../operator/api/chat-cluster.ts';
import type { KubeObject, Pod } from '../../../../operator/api/kube-object.ts';
import { differences } from '../../../../operator/apply/differences.ts';
import type { Backends } from '../../../../operator/ask/backends.ts';
import { worstProblem } from '../../../../operator/fleet/pod-problem.ts';
import { CONDITION_TYPES } from '../../../../operator/report/conditions.ts';
import { noticesOfConditions } from '../../../../operator/report/notices.ts';
import { type GatewayCount, roundConnections, type StatusInput, status } from '../../../../operator/report/status.ts';
import type { BackendHealth } from '../../../../server/contract/backends.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import { decisionOf } from '../../../support/kube/decision.ts';

const NOON = new Date('2026-01-01T12:00:00.123Z');
const LATER = new Date('2026-01-01T13:00:00Z');

const workers = (readyReplicas: number): KubeObject =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'chat-worker' },
    status: { replicas: 1, readyReplicas },
  }) as KubeObject;
const WORKERS = workers(1);
const gateways = (ready: number, desired = 2): GatewayCount => ({ desired, replicas: desired, ready, draining: 0 });
const REACHED = { reachable: true, reason: '' };
const backends = (health: Partial<BackendHealth> = {}): Backends => ({
  health: { nats: REACHED, store: REACHED, storeLag: 0, ...health },
  log: health.log ?? { room: 'Enough', reason: '' },
  storeLag: 0,
  silence: '',
});

function input(change: Partial<StatusInput> = {}): StatusInput {
  return {
    cluster: stored(),
    children: [WORKERS],
    gatewayPods: [],
    workerPods: [],
    gateways: gateways(2),
    desiredWorkers: 1,
    serving: 'abc',
    rollout: { reason: 'Complete', message: '2 gateways of one revision' },
    draining: '',
    refusals: { gateways: [], workers: [] },
    unknownFields: [],
    image: 'example.com/chat:1',
    defaultImage: 'example.com/chat:1',
    backends: backends(),
    loads: [],
    decision: decisionOf('Disabled'),
    failure: undefined,
    altered: [],
    connections: undefined,
    isLate: () => false,
    now: NOON,
    ...change,
  };
}
const conditionOf = (change: Partial<StatusInput>, type: string) => {
  const found = status(input(change)).conditions?.find(condition => condition.type === type);
  assert.ok(found);
  return found;
};
const after = (change: Partial<StatusInput> = {}): ChatCluster => ({ ...stored(), status: status(input(change)) });

function pod(name: string, waiting?: { reason: string; message?: string }): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    status: {
      phase: 'Pending',
      conditions: [],
      containers: [{ name: 'gateway', restarts: 0, ...(waiting ? { waiting } : {}) }],
    },
  };
}

test('a chat that works is Ready', () => {
  const ready = conditionOf({}, 'Ready');
  assert.deepEqual(
    [ready.status, ready.reason, ready.message, ready.lastTransitionTime, ready.observedGeneration],
    ['True', 'Working', '2 gateways ready', '2026-01-01T12:00:00Z', 1],
  );
});

test('a ChatCluster has every condition', () => {
  const types = status(input()).conditions?.map(({ type }) => type);
  assert.deepEqual(types?.toSorted(), CONDITION_TYPES.toSorted());
});

test('a second pass over the same makes no difference, whatever the time', () => {
  const cluster = after({ connections: 1_234 });
  assert.deepEqual(differences(cluster.status, status(input({ cluster, now: LATER }))), []);
});

test('the time of a condition is that of the last change of its status, not of its reason', () => {
  const cluster = after({ gateways: gateways(1) });
  const available = conditionOf({ cluster, now: LATER }, 'GatewaysAvailable');
  assert.deepEqual([available.reason, available.lastTransitionTime], ['AllReady', '2026-01-01T12:00:00Z']);
  const ready = conditionOf({ cluster: after({ backends: undefined }), now: LATER }, 'Ready');
  assert.equal(ready.lastTransitionTime, '2026-01-01T13:00:00Z');
});

test('streams that fill are told by a condition and by Events, and keep no chat from being Ready', () => {
  const full = { room: 'NearlyFull', reason: 'LOG_0: messages fill it' } as const;
  const short = { room: 'WindowShortened', reason: 'LOG_0: the window is shorter' } as const;
  const of = (log: BackendHealth['log']) => conditionOf({ backends: backends(log ? { log } : {}) }, 'StreamsHaveRoom');
  assert.deepEqual([of(undefined).status, of(undefined).reason], ['True', 'Enough']);
  assert.deepEqual([of(short).status, of(short).reason, of(short).message], ['True', short.room, short.reason]);
  assert.deepEqual([of(full).status, of(full).reason, of(full).message], ['False', full.room, full.reason]);
  assert.equal(conditionOf({ backends: backends({ log: full }) }, 'Ready').status, 'True');
  const silent = conditionOf({ backends: { ...backends(), log: undefined } }, 'StreamsHaveRoom');
  assert.deepEqual([silent.status, silent.reason], ['Unknown', 'NoWorkerAnswers']);

  const notices = (before: BackendHealth['log'], now: BackendHealth['log']) =>
    noticesOfConditions([of(before)], [of(now)]).map(({ type, reason }) => [type, reason]);
  assert.deepEqual(notices(undefined, short), [['Normal', 'HotWindowShortened']]);
  assert.deepEqual(notices(short, full), [['Warning', 'StreamsNearlyFull']]);
  assert.deepEqual(notices(full, full), []);
  assert.deepEqual(notices(full, short), []);
  assert.deepEqual(notices(short, undefined), []);
});

test('a fold that is late is named where its stream is judged, with a warning, and keeps no chat from being Ready', () => {
  const reason = 'the fold views is more than 60 s behind: MongoDB is away';
  const of = (log: NonNullable<BackendHealth['log']>, late = reason) =>
    conditionOf({ backends: { ...backends({ log }), folds: { lag: 9, reason: late } } }, 'StreamsHaveRoom');
  const enough = { room: 'Enough', reason: '' } as const;
  const full = { room: 'NearlyFull', reason: 'LOG_0: messages fill it' } as const;
  const late = of(enough);
  assert.deepEqual([late.status, late.reason, late.message], ['True', 'FoldLate', reason]);
  assert.deepEqual([of(full).reason, of(full).message], ['NearlyFull', `${full.reason}; ${reason}`]);
  assert.equal(of(enough, '').reason, 'Enough');
  const events = noticesOfConditions([of(enough, '')], [late]).map(({ type, reason: of }) => [type, of]);
  assert.deepEqual(events, [['Warning', 'FoldLate']]);
});

test('how many copies NATS keeps is a condition, says what to do, and keeps no chat from being Ready', () => {
  const refused = 'NATS is a single server (replicas > 1 not supported in non-clustered mode)';
  const of = (fewest?: number, streamReplicas?: number) => {
    const cluster = stored({ messages: { streamReplicas } });
    const copies = fewest === undefined ? {} : { copies: { fewest, whyNotMore: streamReplicas ? '' : refused } };
    return conditionOf({ cluster, backends: { ...backends(), ...copies } }, 'Durable');
  };
  const said = [of(3), of(5), of(2), of(1), of()].map(({ status: is, reason }) => `${is} ${reason}`);
  assert.deepEqual(said, [
    'True Replicated',
    'True Replicated',
    'False TwoCopies',
    'False SingleCopy',
    'Unknown NoWorkerAnswers',
  ]);
  assert.match(of(1).message, /single copy of messages.*NATS is a single server.*three servers/);
  assert.match(of(1, 1).message, /single copy of messages.*streamReplicas is 1: .* leave it out, or set 3/);
  assert.match(of(1, 3).message, /streamReplicas is 3, and the workers have not reached it yet/);
  const one = { backends: { ...backends(), copies: { fewest: 1, whyNotMore: refused } } };
  assert.equal(conditionOf(one, 'Ready').status, 'True');
  const cluster = after(one);
  assert.equal(conditionOf({ cluster, backends: undefined }, 'Durable').reason, 'SingleCopy', 'as it was said before');

  // A minute after each start of a worker: the status must not be written twice for it.
  const asked = conditionOf(one, 'Durable');
  const started = { ...backends(), copies: { fewest: 1 } };
  assert.deepEqual(conditionOf({ cluster, backends: started }, 'Durable'), asked, 'a worker that has just started');
  assert.match(conditionOf({ backends: started }, 'Durable').message, /single copy of messages.*; run NATS with three/);

  const notices = (before: number | undefined, now: number | undefined) =>
    noticesOfConditions([of(before)], [of(now)]).map(({ type, reason }) => `${type} ${reason}`);
  assert.deepEqual(notices(undefined, 1), ['Normal SingleCopy']);
  assert.deepEqual(notices(1, 3), ['Normal Replicated']);
  assert.deepEqual(notices(3, 1), ['Warning SingleCopy']);
  for (const [before, now] of [
    [undefined, 3],
    [3, undefined],
    [1, 1],
    [3, 5],
    [1, undefined],
  ] as const)
    assert.deepEqual(notices(before, now), [], `${before} ${now}`);
});

test('some gateways of many still serve: Ready, and the count is said', () => {
  const ready = conditionOf({ gateways: gateways(2, 3) }, 'Ready');
  assert.deepEqual([ready.status, ready.message], ['True', '2 of 3 gateways ready']);
});

const NONE = gateways(0);
const PROBLEMS: readonly (readonly [string, { reason: string; message?: string }, string, RegExp])[] = [
  [
    'a missing Secret',
    { reason: 'CreateContainerConfigError', message: 'secret "auth" not found' },
    'SecretNotFound',
    /secret "auth" not found/,
  ],
  [
    'a missing key',
    { reason: 'CreateContainerConfigError', message: "couldn't find key uri in Secret team-a/mongodb" },
    'SecretNotFound',
    /key uri/,
  ],
  [
    'another bad setting',
    { reason: 'CreateContainerConfigError', message: 'container has runAsNonRoot' },
    'ConfigError',
    /runAsNonRoot/,
  ],
  [
    'an image that cannot be pulled',
    { reason: 'ImagePullBackOff', message: 'Back-off 10s' },
    'ImagePullFailed',
    /container gateway cannot be pulled/,
  ],
  [
    'a process that keeps stopping',
    { reason: 'CrashLoopBackOff', message: 'back-off 40s' },
    'CrashLooping',
    /keeps stopping/,
  ],
];
for (const [what, waiting, reason, message] of PROBLEMS)
  test(`${what} shows in GatewaysAvailable and Ready as ${reason}`, () => {
    const change = { gateways: NONE, gatewayPods: [pod('a', waiting), pod('b')] };
    for (const type of ['GatewaysAvailable', 'Ready']) {
      const condition = conditionOf(change, type);
      assert.deepEqual([condition.status, condition.reason], ['False', reason]);
      assert.match(condition.message, message);
    }
  });

test('a new pod that cannot start shows in Ready although the old ones still serve', () => {
  const gatewayPods = [pod('a'), pod('b'), pod('c', { reason: 'ImagePullBackOff' })];
  assert.equal(conditionOf({ gatewayPods }, 'GatewaysAvailable').reason, 'AllReady');
  const ready = conditionOf({ gatewayPods }, 'Ready');
  assert.deepEqual([ready.status, ready.reason], ['False', 'ImagePullFailed']);
});

test('a missing Secret of the workers shows in Ready', () => {
  const children = [workers(0)];
  const workerPods = [pod('w', { reason: 'CreateContainerConfigError', message: 'secret "mongodb" not found' })];
  const ready = conditionOf({ children, workerPods }, 'Ready');
  assert.deepEqual([ready.status, ready.reason], ['False', 'SecretNotFound']);
});

test('the worst problem does not depend on the order of the pods', () => {
  const pods = [
    pod('a', { reason: 'ImagePullBackOff' }),
    pod('b', { reason: 'CreateContainerConfigError', message: 'secret "x" not found' }),
    pod('c', { reason: 'CrashLoopBackOff' }),
  ];
  assert.equal(worstProblem(pods, () => false)?.reason, 'SecretNotFound');
  assert.deepEqual(
    worstProblem(pods, () => false),
    worstProblem(pods.toReversed(), () => false),
  );
});

test('a pod says what is wrong with its own process before what is wrong beside it', () => {
  const { status: own, ...rest } = pod('g', {
    reason: 'CreateContainerConfigError',
    message: 'secret "auth" not found',
  });
  const labels = { 'app.kubernetes.io/component': 'gateway' };
  const sidecar = { name: 'proxy', restarts: 3, waiting: { reason: 'CrashLoopBackOff' } };
  const of = (containers: Pod['status']['containers']) =>
    worstProblem([{ ...rest, metadata: { ...rest.metadata, labels }, status: { ...own, containers } }], () => false);
  assert.equal(of([sidecar, ...own.containers])?.reason, 'SecretNotFound');
  assert.equal(of([sidecar])?.message, 'container proxy keeps stopping; see its log');
});

test('an unreachable backend is a condition with the reason the worker gave', () => {
  const change = { backends: backends({ store: { reachable: false, reason: 'connect ECONNREFUSED' } }) };
  const store = conditionOf(change, 'StoreReachable');
  assert.deepEqual([store.status, store.reason], ['False', 'Unreachable']);
  assert.match(store.message, /ECONNREFUSED/);
  assert.equal(conditionOf(change, 'MessagingReachable').status, 'True');
  assert.equal(conditionOf(change, 'Ready').reason, 'StoreUnreachable');
});

test('gateways that wait for a backend say which', () => {
  const change = { gateways: NONE, backends: backends({ nats: { reachable: false, reason: 'ENOTFOUND' } }) };
  const ready = conditionOf(change, 'Ready');
  assert.deepEqual([ready.status, ready.reason], ['False', 'MessagingUnreachable']);
});

test('nobody to ask is Unknown; an operator that has just started repeats what was known', () => {
  const silent = {
    backends: { health: undefined, log: undefined, storeLag: undefined, silence: 'no worker is running' },
  };
  const store = conditionOf(silent, 'StoreReachable');
  assert.deepEqual([store.status, store.reason, store.message], ['Unknown', 'NoWorkerAnswers', 'no worker is running']);
  assert.equal(conditionOf({ backends: undefined }, 'StoreReachable').reason, 'NotAskedYet');
  const cluster = after();
  assert.deepEqual(differences(cluster.status, status(input({ cluster, backends: undefined, now: LATER }))), []);
});

test('the numbers of the last step stay while nothing else is to be said', () => {
  const cluster = after({ decision: decisionOf('ScaledUp', 'from 2 to 3: 240 connections') });
  const scaling = conditionOf({ cluster, decision: decisionOf('Steady') }, 'ScalingActive');
  assert.deepEqual([scaling.reason, scaling.message], ['ScaledUp', 'from 2 to 3: 240 connections']);
  assert.equal(conditionOf({ cluster, decision: decisionOf('WindowOpen') }, 'ScalingActive').reason, 'ScaledUp');
  assert.equal(conditionOf({ cluster, decision: decisionOf('LoadUnknown') }, 'ScalingActive').status, 'False');
});

test('connections are said with two digits and kept when it is not time for a new number', () => {
  const rounded = (numbers: number[]) => numbers.map(number => roundConnections(number));
  assert.deepEqual(rounded([0, 7, 99, 101, 1_249, 15_000_000]), [0, 7, 99, 100, 1_200, 15_000_000]);
  assert.equal(status(input({ cluster: after({ connections: 1_234 }) })).gateways?.connections, 1_200);
});

test('a number of connections between two that are said stays with the one that was said', () => {
  const said = [6_000];
  for (const connections of [6_040, 6_060, 6_045, 6_080, 6_040, 6_020])
    said.push(roundConnections(connections, said.at(-1)));
  assert.deepEqual(said, [6_000, 6_000, 6_000, 6_000, 6_100, 6_100, 6_000]);
  assert.equal(roundConnections(12, 13), 12, 'small ones are exact');
});

test('the address is that of the load balancer once there is one', () => {
  const service = (ingress: object[]) =>
    ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'chat' },
      status: { loadBalancer: { ingress } },
    }) as KubeObject;
  assert.equal(status(input()).url, 'http://chat.team-a.svc');
  assert.equal(status(input({ children: [service([{ ip: '192.0.2.7' }])] })).url, 'http://192.0.2.7');
  const cluster = stored({ service: { port: 8443 } });
  assert.equal(
    status(input({ cluster, children: [service([{ hostname: 'lb.example.com' }])] })).url,
    'http://lb.example.com:8443',
  );
});

test('what a start passes through is no Event, a cause is', () => {
  const conditions = (change: Partial<StatusInput>) => after(change).status?.conditions ?? [];
  const begun = conditions({ children: [], gateways: NONE });
  const gatewaysUp = conditions({ children: [] });
  assert.deepEqual(noticesOfConditions(begun, gatewaysUp), []);
  const secret = conditions({
    children: [],
    gateways: NONE,
    gatewayPods: [pod('a', { reason: 'CreateContainerConfigError', message: 'secret "auth" not found' })],
  });
  assert.deepEqual(
    noticesOfConditions(begun, secret).map(({ type, reason }) => `${type} ${reason}`),
    ['Warning SecretNotFound'],
  );
});

test('a cause that stands from the first moment is an Event, what a start passes through is none', () => {
  const conditions = (change: Partial<StatusInput>) => after(change).status?.conditions ?? [];
  const refused = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota: none' };
  const children = [{ ...workers(0), status: { conditions: [refused] } } as KubeObject];
  const reasons = (change: Partial<StatusInput>) =>
    noticesOfConditions([], conditions(change)).map(each => each.reason);
  assert.deepEqual(reasons({ children, gateways: NONE }), ['PodsRefused']);
  assert.deepEqual(reasons({ children: [], gateways: NONE }), []);
});

test('Events tell of changes of a condition, not of its being', () => {
  const well = after().status?.conditions ?? [];
  const down = { backends: backends({ store: { reachable: false, reason: 'gone' } }) };
  const broken = after(down).status?.conditions ?? [];
  assert.deepEqual(noticesOfConditions(well, well), []);
  assert.deepEqual(
    noticesOfConditions(well, broken).map(({ type, reason }) => `${type} ${reason}`),
    ['Warning StoreUnreachable'],
  );
  assert.deepEqual(
    noticesOfConditions(broken, well).map(({ type, reason }) => `${type} ${reason}`),
    ['Normal Ready', 'Normal StoreReachable'],
  );
  assert.deepEqual(
    noticesOfConditions([], broken).map(({ reason }) => reason),
    ['StoreUnreachable'],
  );
});
