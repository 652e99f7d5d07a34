import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../../../operator/api/kube-object.ts';
import { connectionsByPod, isOver, parseLoad, readLoads, totalConnections } from '../../../../operator/ask/loads.ts';
import { withCachedAnswers } from '../../../../operator/autoscale/cached-answers.ts';
import { FirstSeen } from '../../../../operator/process/first-seen.ts';
import { TRAFFIC_ANNOTATION } from '../../../../server/contract/traffic.ts';

const START = '2026-01-01T11:00:00Z';

interface Kind {
  readonly ready?: boolean;
  /** Time of the last change of Ready. */
  readonly since?: string;
  readonly phase?: string;
  readonly deleted?: string;
  readonly intent?: string;
  readonly address?: string | undefined;
}

function pod(name: string, kind: Kind = {}): Pod {
  const { ready = true, since = '2026-01-01T11:00:09Z', phase = 'Running', deleted, intent } = kind;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      ...(deleted === undefined ? {} : { deletionTimestamp: deleted }),
      ...(intent === undefined ? {} : { annotations: { [TRAFFIC_ANNOTATION]: intent } }),
    },
    status: {
      phase,
      ...('address' in kind ? {} : { podIP: '192.0.2.1' }),
      conditions: [
        { type: 'Initialized', status: 'True', lastTransitionTime: START },
        { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: since },
      ],
      containers: [],
    },
  };
}

/** Asks pods that hold one connection each; those named are silent. */
async function read(pods: readonly Pod[], ...silent: readonly string[]) {
  const asked: string[] = [];
  const samples = await readLoads(
    pods,
    async ({ metadata }) => {
      asked.push(metadata.name);
      if (silent.includes(metadata.name)) throw new Error('no answer within 2 s');
      return { connections: 1 };
    },
    ({ metadata }) => metadata.name === 'over',
  );
  return { asked, samples };
}

test('every running gateway with an address is asked, also those that are not ready or terminate', async () => {
  const { asked } = await read([
    pod('ready'),
    pod('not-ready', { ready: false }),
    pod('terminating', { deleted: '2026-01-01T12:00:20Z' }),
    pod('pending', { phase: 'Pending' }),
    pod('without-address', { address: undefined }),
    pod('ended', { phase: 'Failed' }),
  ]);
  assert.deepEqual(asked, ['ready', 'not-ready', 'terminating']);
});

test('a gateway that drains or terminates leaves, one that only sheds connections stays', async () => {
  const intent = (reason: string) => JSON.stringify({ reason, since: START });
  const { samples } = await read([
    pod('serving'),
    pod('drained', { ready: false, intent: intent('ScaleDown') }),
    pod('shedding', { ready: false, intent: intent('Rebalance') }),
    pod('odd', { ready: false, intent: '{' }),
    pod('terminating', { deleted: '2026-01-01T12:00:20Z' }),
  ]);
  assert.deepEqual(
    samples.map(({ pod: name, ready, leaving }) => [name, ready, leaving]),
    [
      ['serving', true, false],
      ['drained', false, true],
      ['shedding', false, false],
      ['odd', false, true],
      ['terminating', false, true],
    ],
  );
});

test('a gateway that stays Ready while it is emptied counts no more, one that sheds a part goes on counting', async () => {
  const intent = (reason: string) => JSON.stringify({ reason, since: START, unselected: true });
  const reasons = ['ScaleDown', 'Hibernate', 'Rollout', 'NodeDrain', 'Rebalance', 'CutOff'];
  const { samples } = await read(reasons.map(reason => pod(reason, { intent: intent(reason) })));
  const counting = samples.flatMap(({ pod: name, ready }) => (ready ? [name] : []));
  assert.deepEqual(counting, ['Rebalance', 'CutOff']);
});

test('a gateway refuses new connections if it says so; an older one does not say', () => {
  const refusing = (value: unknown) => parseLoad({ connections: 0, refusing: value }, 'a')?.refusing;
  assert.deepEqual([true, false, undefined, 'yes'].map(refusing), [true, false, undefined, undefined]);
});

test('a gateway that was never ready has no clients; one that lost its readiness may have some', async () => {
  const { samples } = await read(
    [pod('starting', { ready: false, since: START }), pod('cut-off', { ready: false })],
    'starting',
    'cut-off',
  );
  assert.deepEqual(
    samples.map(({ pod: name, served, load }) => [name, served, load]),
    [
      ['starting', false, undefined],
      ['cut-off', true, undefined],
    ],
  );
  assert.deepEqual([...connectionsByPod(withCachedAnswers(samples, [], 0))], [['starting', 0]]);
  assert.equal(totalConnections(samples), undefined);
});

test('a silent pod whose grace period is over is on a dead node and has no clients', async () => {
  const pods = [pod('over', { deleted: '2026-01-01T11:59:00Z' }), pod('ending', { deleted: '2026-01-01T12:00:20Z' })];
  assert.deepEqual(
    (await read(pods, 'over', 'ending')).samples.map(({ pod: name }) => name),
    ['ending'],
  );
  assert.deepEqual(
    (await read(pods)).samples.map(({ pod: name }) => name),
    ['over', 'ending'],
  );
});

test('the grace of a pod counts from when its end was first seen, whatever the time of day is', () => {
  const firstSeen = new FirstSeen();
  const ending = pod('ending', { deleted: '2000-01-01T00:00:00Z' });
  const over = (grace: number, now: number) =>
    isOver({ ...ending, metadata: { ...ending.metadata, deletionGracePeriodSeconds: grace } }, firstSeen, now);
  assert.deepEqual([over(30, 1_000), over(30, 41_000), over(30, 41_001)], [false, false, true]);
  assert.equal(over(5, 50_000), false, 'another writer shortened it, from now on');
  assert.equal(isOver(pod('lives'), firstSeen, 1e9), false);
});

test('the total is that of all gateways, and unknown without any', async () => {
  const { samples } = await read([pod('a'), pod('b', { ready: false })]);
  assert.equal(totalConnections(samples), 2);
  assert.equal(totalConnections([]), undefined);
});

test('numbers an older gateway does not have are 0', () => {
  assert.deepEqual(parseLoad({ connections: 7, ready: true, cpu: 0.5 }, 'gateway-a'), {
    gateway: 'gateway-a',
    ready: true,
    draining: false,
    connections: 7,
    maxConnections: 0,
    deliveriesPerSecond: 0,
    eventLoopLagMs: 0,
    cpu: 0.5,
    commandsPerSecond: 0,
    errorsPerSecond: 0,
    publishMs: 0,
    refusedPerSecond: 0,
    featuresLeftOut: 0,
    natsUp: true,
    optionsVersion: '',
  });
});

for (const body of [
  null,
  'text',
  {},
  { connections: '7' },
  { connections: -1 },
  { connections: 1.5 },
  { connections: 1, cpu: null },
  { connections: 1, cpu: Number.NaN },
  { connections: 1, deliveriesPerSecond: -1 },
  { connections: 1, eventLoopLagMs: Number.POSITIVE_INFINITY },
])
  test(`${String(JSON.stringify(body))} is no load`, () => assert.equal(parseLoad(body, 'gateway-a'), undefined));
