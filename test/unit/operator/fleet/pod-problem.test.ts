import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, Pod } from '../../../../operator/api/kube-object.ts';
import { lateStarts, worstProblem } from '../../../../operator/fleet/pod-problem.ts';
import { FirstSeen } from '../../../../operator/process/first-seen.ts';
import type { Verdict } from '../../../../operator/report/conditions.ts';
import { podsStable, RECENT_MS } from '../../../../operator/report/incidents.ts';
import { noticesOfConditions } from '../../../../operator/report/notices.ts';
import { exitMessage } from '../../../../operator/watch/exit-message.ts';
import { projectPod } from '../../../../operator/watch/pod-projection.ts';
import { running, STATUSES, T } from '../../../support/kube/pod-statuses.ts';

const START = Date.parse(T);
const LIMITS = { limits: { memory: '512Mi' } };

function pod(status: object, metadata: object = {}): Pod {
  return projectPod({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'chat-gateway-1',
      namespace: 'team-a',
      labels: { 'app.kubernetes.io/component': 'gateway' },
      ...metadata,
    },
    spec: { nodeName: 'node-1', containers: [{ name: 'gateway', resources: LIMITS }] },
    status,
  } as KubeObject);
}

/** Problem reported of a pod some time after it got its node. */
const PROBLEMS: readonly (readonly [keyof typeof STATUSES, string | undefined, RegExp])[] = [
  [
    'crashes',
    'CrashLooping',
    /^container gateway keeps stopping, last exit code 1: Error: listen EADDRINUSE: address already in use :::8080$/,
  ],
  ['crashesSilently', 'CrashLooping', /^container gateway keeps stopping, last exit code 1; see its log$/],
  [
    'is short of memory again and again',
    'OOMKilled',
    /^container gateway is killed again and again because it runs out of memory \(memory limit 512Mi\)$/,
  ],
  ['came back after it was short of memory', undefined, /^$/],
  ['came back after it crashed', undefined, /^$/],
  [
    'pulls a missing image',
    'ImagePullFailed',
    /^the image registry.example.com\/chat:7 of container gateway cannot be pulled$/,
  ],
  ['waits for a volume', 'NotStarting', /for over 2 minutes: a volume cannot be mounted, or it gets no network/],
  ['pulls a large image', undefined, /^$/],
  ['waits for an injected init container', 'NotStarting', /incomplete status: \[mesh-init\]$/],
  [
    'has an injected init container that crashes',
    'CrashLooping',
    /^container mesh-init keeps stopping, last exit code 2: iptables: permission denied$/,
  ],
  ['has a scheduling gate', 'Unschedulable', /scheduling gates/],
  ['is on a node that is silent', 'NodeNotReady', /^node node-1 of a pod does not answer$/],
  ['waits for a readiness gate', undefined, /^$/],
  ['was evicted', undefined, /^$/],
  ['is preempted', undefined, /^$/],
  ['was refused by its node', undefined, /^$/],
];

test('every status is looked at', () => {
  assert.deepEqual(PROBLEMS.map(([name]) => name).sort(), Object.keys(STATUSES).sort());
});
for (const [name, reason, message] of PROBLEMS)
  test(`a pod that ${name}: ${reason ?? 'no problem'}`, () => {
    const problem = worstProblem([pod(STATUSES[name])], () => true);
    assert.equal(problem?.reason, reason);
    assert.match(problem?.message ?? '', message);
  });

test('a pod that starts has two minutes for it', () => {
  const pods = [pod(STATUSES['waits for a volume']), pod(STATUSES['waits for an injected init container'])];
  assert.equal(
    worstProblem(pods, () => false),
    undefined,
  );
  // Long ago with an older kubelet, which does not say how far it is.
  const { conditions, ...rest } = STATUSES['waits for a volume'];
  const older = { ...rest, conditions: conditions.filter(({ type }) => type !== 'PodReadyToStartContainers') };
  assert.equal(
    worstProblem([pod(older)], () => true),
    undefined,
  );
});

test('a pod takes long from when it was first seen to start, whatever time of day is written', () => {
  const firstSeen = new FirstSeen();
  const starts = pod(STATUSES['waits for a volume']);
  const late = (now: number, ...pods: readonly Pod[]) => lateStarts(pods, firstSeen, now).size;
  assert.deepEqual([late(5_000, starts), late(124_999, starts), late(125_000, starts)], [0, 0, 1]);
  assert.deepEqual([late(130_000, pod(running())), late(140_000, starts)], [0, 0], 'it started in between');
});

test('incidents of pods are reported for an hour, the worst first', () => {
  const at = START + 120_000;
  const stable = (...pods: readonly Pod[]) => podsStable(pods, [], at);
  assert.deepEqual(stable(pod(running())), {
    type: 'PodsStable',
    status: 'True',
    reason: 'Stable',
    message: 'no pod was killed or failed in the last hour',
  });
  const cases: readonly (readonly [Pod, string, RegExp])[] = [
    [
      pod(STATUSES['came back after it was short of memory']),
      'OOMKilled',
      /^in the last hour 1 gateway killed because it ran out of memory \(container gateway, memory limit 512Mi; restarts: 3\)$/,
    ],
    [
      pod(STATUSES['was evicted']),
      'Evicted',
      /1 gateway evicted by the kubelet \(The node was low on resource: memory/,
    ],
    [pod(STATUSES['is preempted'], { deletionTimestamp: T }), 'Preempted', /higher priority$/],
    [pod(STATUSES['was refused by its node']), 'PodFailed', /OutOfcpu: Pod was rejected/],
    [
      pod({ ...STATUSES.crashes }),
      'Restarted',
      /1 gateway started again \(container gateway, last exit code 1: Error: listen EADDRINUSE/,
    ],
  ];
  for (const [one, reason, message] of cases) {
    const verdict = stable(pod(running()), one);
    assert.deepEqual([verdict.status, verdict.reason], ['False', reason]);
    assert.match(verdict.message, message);
  }
  const all = podsStable(
    cases.map(([one]) => one),
    [pod(STATUSES['is short of memory again and again'])],
    at,
  );
  assert.match(all.message, /^in the last hour 1 gateway killed .*, 1 worker killed because it ran out of memory/);
  assert.equal(podsStable([cases[0]?.[0] as Pod], [], Date.parse('2026-01-01T12:01:00Z') + RECENT_MS).status, 'True');
});

test('a pod that terminates, or an init container that ends, is not an incident', () => {
  const ended = { terminated: { exitCode: 143, reason: 'Error', finishedAt: T } };
  const [own] = running().containerStatuses;
  const going = pod({ ...running(), containerStatuses: [{ ...own, state: ended }] }, { deletionTimestamp: T });
  const init = { ...own, name: 'init', state: { terminated: { exitCode: 0, reason: 'Completed', finishedAt: T } } };
  const begun = pod({ ...running(), initContainerStatuses: [init] });
  assert.equal(podsStable([going, begun], [], START).status, 'True');
});

test('one Event reports the first pod, not one for each', () => {
  const dated = (verdict: Verdict) => [{ ...verdict, lastTransitionTime: T }];
  const at = START + 120_000;
  const [well, one, two] = [0, 1, 2].map(count => {
    const pods = Array.from({ length: count }, () => pod(STATUSES['came back after it was short of memory']));
    return dated(podsStable(pods, [], at));
  });
  assert.ok(well && one && two);
  assert.deepEqual(
    noticesOfConditions(well, one).map(({ type, reason }) => [type, reason]),
    [['Warning', 'OOMKilled']],
  );
  assert.deepEqual(noticesOfConditions(one, two), []);
  assert.deepEqual(noticesOfConditions(two, well), []);
});

test('of the end of a log the line that says why is kept', () => {
  const json = (rest: object) =>
    JSON.stringify({ level: 50, time: '2026-01-01T12:00:00Z', process: 'worker', ...rest });
  const cases: readonly (readonly [string, string])[] = [
    ['', ''],
    ['CHAT_PORT must be a number, got "x"\n', 'CHAT_PORT must be a number, got "x"'],
    [`${json({ msg: 'first' })}\n${json({ msg: 'cannot go on', reason: 'no disk' })}\n`, 'cannot go on: no disk'],
    [
      '<--- Last few GCs --->\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n----- Native stack trace -----\n 1: 0xb76dc5 node::OOMErrorHandler\n',
      'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
    ],
    [
      "TypeError: x is not a function\n    at run (file:///app/x.js:1:2) {\n  [cause]: 'y'\n}\n",
      'TypeError: x is not a function',
    ],
    ['{"level":50,"msg":"cut of', '{"level":50,"msg":"cut of'],
  ];
  for (const [message, words] of cases) assert.equal(exitMessage(message), words);
  assert.equal(exitMessage('x'.repeat(5_000)).length, 200);
});
