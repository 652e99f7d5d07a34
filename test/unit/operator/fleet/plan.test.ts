import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FleetInput } from '../../../../operator/fleet/fleet.ts';
import { planFleet } from '../../../../operator/fleet/plan.ts';
import { input, NOW, pod, row, WALL } from '../../../support/kube/fleet-input.ts';

const targetedAt = (observed: FleetInput) =>
  planFleet(observed).revisions.find(({ revision }) => revision === 'new')?.targetedAt;

test('a revision is wanted since it came, also when the clock of the operator before was ahead', () => {
  const ahead = WALL + 3_600_000;
  const moving = { serving: 'old', pods: [pod('a', 'old')] };
  const first = targetedAt(input({ ...moving, revisions: [row('old', ahead)] }));
  assert.ok(first !== undefined);
  const again = input({
    ...moving,
    revisions: [row('old', ahead), row('new', first)],
    now: NOW + 1_000,
    wall: WALL + 1_000,
  });
  assert.equal(targetedAt(again), first, 'it is not written with every pass');
});

test('gateways of a superseded revision make space for new ones that a quota refuses', () => {
  const emptied = (refused: boolean) => {
    const revisions = [
      row('old', 1),
      row('between', 2),
      { ...row('new', 3), targetedSince: NOW - 50_000, ...(refused ? { refused } : {}) },
    ];
    const pods = [pod('a', 'old'), pod('b', 'between')];
    return [...planFleet(input({ serving: 'old', revisions, pods })).intents.keys()];
  };
  assert.deepEqual([emptied(false), emptied(true)], [[], ['b']]);
});

const NODE_DRAIN = { reason: 'NodeDrain', since: new Date(0).toISOString() } as const;
const leaves = pod('b', 'new', {
  nodeLeaving: true,
  intent: NODE_DRAIN,
  ready: false,
  offered: false,
  unofferedSince: 0,
  connections: 0,
});
const leavesWithClients = { ...leaves, connections: 7 };

for (const [what, observed, again] of [
  ['a fleet at rest', input(), undefined],
  ['one of which no gateway is ready', input({ pods: [pod('a', 'new', { ready: false })] }), undefined],
  [
    'a rollout that was stopped',
    input({ serving: 'old', revisions: [row('old', 1), row('new', 2, 'it fails')] }),
    undefined,
  ],
  ['an empty gateway on a node that leaves', input({ pods: [pod('a', 'new'), leaves], size: 2 }), undefined],
  ['one there with clients', input({ pods: [pod('a', 'new'), leavesWithClients], size: 2 }), 10_000],
  ['a rollout that starts', input({ serving: 'old', revisions: [row('old', 1)], pods: [pod('a', 'old')] }), 1_000],
  ['a scale-down', input({ pods: [pod('a', 'new'), pod('b', 'new')] }), 1_000],
] as const)
  test(`${what} is ${again ? '' : 'not '}looked at for the time alone`, () => {
    assert.equal(planFleet(observed).againMs, again);
  });

test('gateways on leaving nodes take no new clients, unless hardly any other gateway would', () => {
  const shut = (leaving: number, elsewhere: number) => {
    const pods = [
      ...Array.from({ length: leaving }, (_, at) => pod(`l${at}`, 'new', { nodeLeaving: true })),
      ...Array.from({ length: elsewhere }, (_, at) => pod(`e${at}`, 'new')),
    ];
    return planFleet(input({ pods, size: pods.length, revisions: [{ ...row('new', 1), replicas: pods.length }] }))
      .intents.size;
  };
  assert.deepEqual([shut(1, 1), shut(3, 1), shut(9, 3)], [1, 3, 9]);
  assert.deepEqual([shut(1, 0), shut(9, 1)], [0, 0]);
});
