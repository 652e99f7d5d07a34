import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fewestAllowed } from '../../../../operator/autoscale/behavior.ts';
import type { AutoscalingChange } from '../../../../tools/simulator/autoscaling-spec.ts';
import { EvenFleet } from '../../../../tools/simulator/even-fleet.ts';

const PODS = (value: number, periodSeconds: number) => ({ type: 'Pods', value, periodSeconds }) as const;
const PERCENT = (value: number, periodSeconds: number) => ({ type: 'Percent', value, periodSeconds }) as const;
const up = (scaleUp: NonNullable<AutoscalingChange['behavior']>['scaleUp']): AutoscalingChange => ({
  maxReplicas: 100,
  behavior: { ...(scaleUp ? { scaleUp } : {}) },
});
const down = (scaleDown: NonNullable<AutoscalingChange['behavior']>['scaleDown']): AutoscalingChange => ({
  maxReplicas: 100,
  behavior: { ...(scaleDown ? { scaleDown } : {}) },
});
/** Sizes after each 5 s. */
const sizes = (fleet: EvenFleet, seconds: number, connections: number) => {
  const from = fleet.decisions.length;
  fleet.run(seconds, connections);
  return fleet.decisions.slice(from).map(decision => decision.replicas);
};

test('fewer connections take gateways away only after the whole window', () => {
  const fleet = new EvenFleet(5);
  fleet.run(65, 500);
  assert.equal(fleet.run(55, 250).reason, 'WindowOpen');
  assert.equal(fleet.replicas, 5);
  fleet.run(10, 250);
  assert.equal(fleet.replicas, 3);
});

test('a peak within the window keeps the gateways it needed', () => {
  const fleet = new EvenFleet(5);
  fleet.run(65, 500);
  fleet.run(50, 200);
  fleet.run(5, 400);
  fleet.run(30, 200);
  assert.equal(fleet.replicas, 4);
  fleet.run(60, 200);
  assert.equal(fleet.replicas, 2);
});

test('an operator that has just started takes nothing away before it has seen twice the window', () => {
  const fleet = new EvenFleet(8);
  fleet.forget();
  assert.equal(fleet.run(120, 0).reason, 'WindowOpen');
  assert.equal(fleet.replicas, 8);
  fleet.run(10, 0);
  assert.equal(fleet.replicas, 2);
});

test('after a step up soon after a step down the window is twice as long, until that has passed without another', () => {
  const fleet = new EvenFleet(5);
  fleet.run(65, 500);
  const lasts = (connections: number) => {
    const { replicas } = fleet;
    let seconds = 0;
    for (; fleet.replicas === replicas && seconds < 600; seconds += 5) fleet.run(5, connections);
    return seconds;
  };
  assert.equal(lasts(200), 60);
  fleet.run(300, 200);
  fleet.run(5, 500);
  assert.equal(fleet.replicas, 5);
  const decision = fleet.run(60, 200);
  assert.match(decision.message, /waiting for a window of 120 s/);
  assert.equal(lasts(200), 60);
  // A quarter of an hour later it is no flapping any more.
  fleet.run(905, 200);
  fleet.run(5, 500);
  assert.equal(lasts(200), 60);
});

test('after a pause of five minutes nothing is remembered', () => {
  const fleet = new EvenFleet(8);
  fleet.run(65, 800);
  fleet.seconds += 305;
  fleet.run(60, 0);
  assert.equal(fleet.replicas, 8);
});

test('doubling or four gateways in 15 s, whichever is more, is as fast as the default goes', () => {
  const defaults = up({ policies: [PERCENT(100, 15), PODS(4, 15)] });
  assert.deepEqual(sizes(new EvenFleet(2, defaults), 50, 5_000), [6, 6, 6, 12, 12, 12, 24, 24, 24, 48]);
  const fleet = new EvenFleet(2, defaults);
  assert.match(fleet.run(5, 5_000).message, /^from 2 to 6 \(50 wanted\): /);
  assert.equal(fleet.run(5, 5_000).reason, 'RateLimited');
});

test('selectPolicy Min takes the smallest step, Disabled none', () => {
  const policies = [PERCENT(100, 15), PODS(1, 15)];
  assert.deepEqual(sizes(new EvenFleet(4, up({ policies, selectPolicy: 'Min' })), 20, 5_000), [5, 5, 5, 6]);
  const never = new EvenFleet(4, up({ selectPolicy: 'Disabled' }));
  assert.equal(never.run(60, 5_000).reason, 'DirectionDisabled');
  assert.equal(never.replicas, 4);
  const kept = new EvenFleet(4, down({ selectPolicy: 'Disabled' }));
  assert.equal(kept.run(600, 0).reason, 'DirectionDisabled');
  assert.equal(kept.replicas, 4);
});

test('a window of scale-ups waits for a need that lasts', () => {
  const fleet = new EvenFleet(2, up({ stabilizationWindowSeconds: 30 }));
  fleet.run(60, 200);
  assert.equal(fleet.run(25, 900).reason, 'WindowOpen');
  fleet.run(5, 200);
  fleet.run(25, 900);
  assert.equal(fleet.replicas, 2);
  fleet.run(10, 900);
  assert.equal(fleet.replicas, 9);
});

test('at most 10 per cent a minute go, rounded down, but one', () => {
  const policies = [PERCENT(10, 60), PODS(1, 60)];
  const fleet = new EvenFleet(35, down({ policies, stabilizationWindowSeconds: 0 }));
  fleet.run(60, 3_500);
  const steps = sizes(fleet, 240, 0).filter((size, at, all) => size !== (all[at - 1] ?? 35));
  assert.deepEqual(steps, [32, 29, 27, 25]);
  const small = new EvenFleet(4, down({ policies, stabilizationWindowSeconds: 0 }));
  small.run(60, 400);
  assert.deepEqual(
    sizes(small, 140, 0).filter((size, at, all) => size !== (all[at - 1] ?? 4)),
    [3, 2],
  );
});

test('without a window gateways go as fast as the policies say, once a period has been seen', () => {
  const fleet = new EvenFleet(5, down({ stabilizationWindowSeconds: 0, policies: [PODS(9, 20)] }));
  fleet.forget();
  assert.deepEqual(sizes(fleet, 25, 201), [5, 5, 5, 5, 3]);
});

test('a step down counts from the first look that shows it, however long the one before was', () => {
  const look = (at: number, current: number) => ({ at, current, wanted: 1, connections: 0, lost: 0, fell: false });
  const rules = {
    stabilizationWindowSeconds: 0,
    policies: [PERCENT(10, 60)],
    selectPolicy: 'Max',
    tolerancePercent: 0,
  } as const;
  assert.equal(fewestAllowed(rules, [look(0, 10), look(50_000, 9)], 9, 70_000), 9);
  assert.equal(fewestAllowed(rules, [look(0, 20), look(50_000, 18)], 18, 110_000), 17);
});

test('a ratio within the tolerance changes nothing, and places have no tolerance', () => {
  const tolerant = (replicas: number) =>
    new EvenFleet(replicas, {
      maxReplicas: 100,
      behavior: { scaleUp: { tolerancePercent: 10 }, scaleDown: { tolerancePercent: 10 } },
    });
  assert.equal(tolerant(20).run(5, 2_200).replicas, 20);
  assert.equal(tolerant(20).run(5, 2_201).replicas, 23);
  assert.equal(tolerant(20).run(120, 1_800).replicas, 20);
  const full = tolerant(20);
  full.maxConnections = 101;
  assert.equal(full.run(5, 2_000).target, 'lossOfOne');
  assert.equal(full.replicas, 21);
});

test('a step down leaves the reserve that a step up would have', () => {
  const behavior = { scaleUp: { tolerancePercent: 10 } };
  // 1,710 connections would fit on 18 gateways, and one more than 1,800 x 1.1 would bring the 19th back.
  const fleet = new EvenFleet(20, { maxReplicas: 100, behavior });
  assert.equal(fleet.run(120, 1_710).replicas, 19);
  assert.equal(fleet.run(120, 1_630).replicas, 18);
  const swings = new EvenFleet(3, { behavior });
  swings.run(60, 300);
  swings.run(600, seconds => 195 + (seconds % 20));
  assert.equal(swings.replicas, 3);
});

test('a load that swings about a target changes the size once', () => {
  const fleet = new EvenFleet(2);
  fleet.run(60, 190);
  for (let swing = 0; swing < 100; swing++) fleet.run(10, swing % 2 === 0 ? 201 : 199);
  const steps = fleet.decisions.filter(({ reason }) => reason === 'ScaledUp' || reason === 'ScaledDown');
  assert.equal(steps.length, 1);
});

test('the memory is as long as the windows, and two looks long when nothing happens', () => {
  const fleet = new EvenFleet(2);
  fleet.run(3_600, seconds => 100 + (seconds % 7));
  assert.ok((fleet.decisions.at(-1)?.history.length ?? 99) <= 26);
  assert.ok((new EvenFleet(2).run(3_600, 100).history.length ?? 99) <= 3);
});

const COLLAPSE: AutoscalingChange = { collapsePercent: 50, collapseHoldSeconds: 300 };

test('a total that collapses removes nothing for the hold, and says so', () => {
  const fleet = new EvenFleet(10, COLLAPSE);
  fleet.run(400, 1_000);
  const decision = fleet.run(200, 100);
  assert.equal(decision.reason, 'Collapsed');
  assert.match(decision.message, /^connections fell by more than 50 % at once; no gateway is removed for 10\d s more/);
  assert.equal(fleet.replicas, 10);
  assert.equal(fleet.run(5, 1_000).reason, 'Steady');
});

test('after the hold gateways go as ever', () => {
  const fleet = new EvenFleet(10, COLLAPSE);
  fleet.run(400, 1_000);
  fleet.run(310, 100);
  assert.equal(fleet.replicas, 2);
});

test('a fall that takes longer than the window is no collapse', () => {
  const fleet = new EvenFleet(10, COLLAPSE);
  fleet.run(400, 1_000);
  fleet.run(400, seconds => 1_000 - seconds * 2);
  assert.ok(fleet.decisions.every(decision => decision.reason !== 'Collapsed'));
  assert.ok(fleet.replicas < 5);
});

test('a collapse stays one while a gateway is silent for a moment', () => {
  const fleet = new EvenFleet(10, COLLAPSE);
  fleet.run(400, 1_000);
  fleet.run(30, 100);
  fleet.run(10, 100, samples => samples.map(each => ({ ...each, load: undefined })));
  // And the hold is no longer for it.
  assert.match(fleet.run(200, 100).message, /no gateway is removed for 65 s more/);
});
