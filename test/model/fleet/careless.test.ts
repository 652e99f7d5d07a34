import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FleetInput, FleetPlan } from '../../../operator/fleet/fleet.ts';
import { planFleet } from '../../../operator/fleet/plan.ts';
import type { PodObject } from './objects.ts';
import { removalOrder } from './replica-set.ts';
import { runScenario } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';
import type { Planner } from './simulated-operator.ts';

const SEEDS = 12;

function scenario(name: string): Scenario {
  const found = SCENARIOS.find(row => row.name === name);
  assert.ok(found, name);
  return found;
}

/** Plays the scenario with a planner that makes a mistake; the model has to notice. */
function isNoticed(name: string, planner: Planner, violation: RegExp): void {
  const found = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++)
    for (const seen of runScenario(scenario(name), { seed, planner }).violations) found.add(seen);
  assert.ok(
    [...found].some(seen => violation.test(seen)),
    `only noticed: ${[...found].join('; ')}`,
  );
}

const withIntents = (plan: FleetPlan, change: (intent: object) => object): FleetPlan => ({
  ...plan,
  intents: new Map(
    [...plan.intents].map(([name, intent]) => [name, intent && ({ ...intent, ...change(intent) } as typeof intent)]),
  ),
});

test('lowering replicas before a drain is noticed', () => {
  const planner = (input: FleetInput) => {
    const plan = planFleet(input);
    const revisions = plan.revisions.map(row =>
      row.revision === input.serving ? { ...row, replicas: input.size } : row,
    );
    return { ...plan, revisions };
  };
  isNoticed('several gateways are taken away', planner, /is removed with/);
});

test('taking victims one after another is noticed by clients that move twice', () => {
  const planner = (input: FleetInput) => {
    const living = input.pods.filter(pod => !pod.terminating).length;
    return planFleet({ ...input, size: Math.max(input.size, living - 1) });
  };
  isNoticed('several gateways are taken away', planner, /a client moved [23] times/);
});

test('closing before load balancers have heard of it is noticed by clients that move twice', () => {
  const planner = (input: FleetInput) => {
    const pods = input.pods.map(pod => ({ ...pod, offered: pod.offered && pod.ready, unofferedSince: 0 }));
    return planFleet({ ...input, pods, servingSince: 0 });
  };
  isNoticed('a rollout, few at a time', planner, /a client moved [234] times/);
});

test('closing faster than the rate is noticed', () => {
  const planner = (input: FleetInput) =>
    withIntents(planFleet(input), intent => ('perSecond' in intent ? { perSecond: 50 } : {}));
  isNoticed('several gateways are taken away', planner, /connections were closed within a second/);
});

test('moving the Service to a revision without a ready gateway is noticed', () => {
  const planner = (input: FleetInput) => ({ ...planFleet(input), serving: input.target });
  isNoticed('a revision never becomes ready, all at once', planner, /which has no ready pod/);
});

test('writing at rest is noticed', () => {
  const planner = (input: FleetInput) => {
    const plan = planFleet(input);
    return { ...plan, revisions: plan.revisions.map(row => ({ ...row, targetedAt: input.now })) };
  };
  isNoticed('one gateway is taken away', planner, /at rest/);
});

test('taking a time of day for the end of a drain is noticed, where that of the next operator is another', () => {
  const planner = (input: FleetInput) => {
    const isPast = (deadline = '') => Date.parse(deadline) <= input.wall;
    const pods = input.pods.map(pod =>
      isPast(pod.intent?.deadline) ? { ...pod, intentSince: Number.NEGATIVE_INFINITY } : pod,
    );
    return planFleet({ ...input, pods });
  };
  isNoticed('an operator that is an hour ahead takes over in a scale-down', planner, /is removed with/);
  isNoticed('the time of day is set an hour ahead in a rollout', planner, /is removed with/);
});

test('taking a time of day for the age of a rollout is noticed', () => {
  const planner = (input: FleetInput) =>
    planFleet({
      ...input,
      revisions: input.revisions.map(row => ({ ...row, targetedSince: input.now - (input.wall - row.targetedAt) })),
    });
  const waits = 'while a revision does not become ready';
  isNoticed(`the time of day is set an hour ahead ${waits}`, planner, /Stopped half way/);
  isNoticed(`the time of day is set an hour back ${waits}`, planner, /not at its end/);
});

test('going on before new clients have tried a revision for long enough is noticed', () => {
  const planner = (input: FleetInput) => planFleet({ ...input, servingSince: Number.NEGATIVE_INFINITY });
  isNoticed('new clients try a revision first (MoveOnce)', planner, /went to r2 alone after/);
});

test('a drain that is never finished is noticed', () => {
  const planner = (input: FleetInput) => {
    const plan = planFleet(input);
    const held = new Map(input.revisions.map(row => [row.revision, row.replicas]));
    return {
      ...plan,
      revisions: plan.revisions.map(row => ({ ...row, replicas: held.get(row.revision) ?? row.replicas })),
    };
  };
  isNoticed('one gateway is taken away', planner, /not at its end/);
});

test('the simulated ReplicaSet removes pods in the order of the real one', () => {
  const pod = (change: Partial<PodObject>): PodObject => ({
    name: 'pod',
    version: 1,
    revision: 'r1',
    createdAt: 1_000,
    node: 'node-1',
    phase: 'Running',
    running: true,
    ready: true,
    readySince: 5_000,
    terminating: false,
    intent: undefined,
    labelled: true,
    cost: 0,
    restarts: 0,
    ...change,
  });
  const order = [
    pod({ name: 'no node', node: undefined, phase: 'Pending', ready: false, cost: 9 }),
    pod({ name: 'pending', phase: 'Pending', ready: false, cost: 9 }),
    pod({ name: 'cheap and not ready', ready: false, cost: -1 }),
    pod({ name: 'not ready', ready: false }),
    pod({ name: 'cheap', cost: -1 }),
    pod({ name: 'ready last', readySince: 9_000 }),
    pod({ name: 'restarted', restarts: 2 }),
    pod({ name: 'made last', createdAt: 2_000 }),
    pod({ name: 'oldest' }),
  ];
  const names = order.map(({ name }) => name);
  assert.deepEqual(
    [...order]
      .reverse()
      .sort(removalOrder)
      .map(({ name }) => name),
    names,
  );
});
