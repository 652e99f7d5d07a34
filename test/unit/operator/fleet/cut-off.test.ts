import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isolateCutOff, noteCutOff } from '../../../../operator/fleet/cut-off.ts';
import type { FleetPod } from '../../../../operator/fleet/fleet.ts';
import { planFleet } from '../../../../operator/fleet/plan.ts';
import { OUTAGES } from '../../../model/fleet/cut-off-scenarios.ts';
import { runScenario } from '../../../model/fleet/run-scenario.ts';

const NOW = 1_000_000;
const WALL = Date.UTC(2026, 0, 1);
const AT = { now: NOW, wall: WALL };
const CUT_OFF = { reason: 'CutOff', since: new Date(WALL + 3_600_000).toISOString() } as const;

const pod = (name: string, change: Partial<FleetPod> = {}): FleetPod => ({
  ...{ name, revision: 'r1', scheduled: true, running: true, ready: true, terminating: false },
  ...{ selectable: true, offered: true, offeredSince: 0, unofferedSince: undefined, nodeLeaving: false },
  ...{ intent: undefined, intentSince: undefined, refusing: false, natsUp: true, connections: 5, createdAt: 0 },
  cutOffSince: undefined,
  ...change,
});
const up = (count: number) => Array.from({ length: count }, (_, at) => pod(`up-${at}`));
const down = (count: number, change: Partial<FleetPod> = {}) =>
  Array.from({ length: count }, (_, at) => pod(`down-${at}`, { natsUp: false, cutOffSince: NOW - 15_000, ...change }));
/** One that was taken out. */
const out = (change: Partial<FleetPod> = {}) =>
  pod('out', { natsUp: false, ready: false, offered: false, intent: CUT_OFF, intentSince: NOW - 10_000, ...change });
const namesOf = (pods: readonly FleetPod[], now = NOW) => [
  ...isolateCutOff(pods, new Map(), { now, wall: WALL }).intents.keys(),
];

test('a gateway without NATS takes no new clients and keeps its own', () => {
  const { intents, message } = isolateCutOff([...up(2), ...down(1)], new Map(), AT);
  assert.deepEqual([...intents], [['down-0', { reason: 'CutOff', since: new Date(WALL).toISOString() }]]);
  assert.equal(message, 'down-0: cut off from NATS, no new clients');
  assert.deepEqual(isolateCutOff(up(3), new Map(), AT), { intents: new Map(), message: '', again: false });
});

test('if half of the gateways lack NATS none is taken out, and those that were come back', () => {
  assert.deepEqual(namesOf(down(1)), []);
  assert.deepEqual(namesOf([...up(2), ...down(2)]), []);
  assert.deepEqual(namesOf([...up(3), ...down(2)]), ['down-0', 'down-1']);
  assert.deepEqual(namesOf([out(), ...up(1)]), []);
  assert.deepEqual(namesOf([out(), ...down(3)]), []);
});

test('gateways that do not answer, or take no clients, are no place to go', () => {
  const silent = up(2).map(each => ({ ...each, natsUp: undefined }));
  const unready = up(2).map(each => ({ ...each, ready: false }));
  for (const others of [silent, unready]) assert.deepEqual(namesOf([...others, ...down(1)]), []);
});

test('one that reaches NATS again stays out for 30 s in all, so that one that comes and goes is written to rarely', () => {
  const back = [...up(2), out({ natsUp: true })];
  assert.deepEqual([namesOf(back), namesOf(back, NOW + 19_999), namesOf(back, NOW + 20_000)], [['out'], ['out'], []]);
  const { intents } = isolateCutOff(back, new Map(), AT);
  assert.equal(intents.get('out'), CUT_OFF, 'it is not written again');
});

test('one that falls silent is no better than it was', () => {
  assert.deepEqual(namesOf([...up(2), out({ natsUp: undefined })], NOW + 3_600_000), ['out']);
});

test('a gateway has to be the odd one out for 15 s: an outage is noticed by one after the other, and so is its end', () => {
  assert.deepEqual(namesOf([...up(2), ...down(1, { cutOffSince: NOW - 14_999 })]), []);
  assert.deepEqual(namesOf([...up(2), ...down(1, { cutOffSince: undefined })]), []);
  const since = new Map<string, number>();
  const note = (pods: readonly FleetPod[], now: number) => {
    noteCutOff(since, pods, now);
    return [...since];
  };
  assert.deepEqual(note([...up(3), ...down(1)], 1), [['down-0', 1]]);
  assert.deepEqual(note([...up(3), ...down(2)], 2), [
    ['down-0', 1],
    ['down-1', 2],
  ]);
  assert.deepEqual(note(down(5), 3), [], 'NATS is away');
  assert.deepEqual(note([...up(4), ...down(1)], 4), [['down-0', 4]], 'it came back here a little later');
  assert.deepEqual(note(up(5), 5), []);
});

test('the planner looks again for the time alone only while a gateway is about to be taken out or to come back', () => {
  const again = (pods: readonly FleetPod[]) => isolateCutOff(pods, new Map(), AT).again;
  assert.ok(again([...up(2), ...down(1, { cutOffSince: NOW - 1_000 })]));
  assert.ok(again([...up(2), out({ natsUp: true })]));
  assert.ok(!again([...up(2), out()]));
  assert.ok(!again(down(3)));
});

for (const scenario of OUTAGES)
  test(`${scenario.name}: nothing is written, because clients are no better off elsewhere`, () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { violations, writes } = runScenario(scenario, { seed, planner: planFleet });
      assert.deepEqual([violations, writes], [[], 0], `${scenario.name} ${seed}`);
    }
  });

test('one that starts, or is to do something else, is left alone', () => {
  assert.deepEqual(namesOf([...up(2), ...down(1, { ready: false })]), []);
  const taken = new Map([['down-0', { reason: 'ScaleDown', since: '' } as const]]);
  assert.deepEqual([...isolateCutOff([...up(2), ...down(1)], taken, AT).intents], []);
});
