import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FleetInput, FleetPod } from '../../../../operator/fleet/fleet.ts';
import { scaleDown } from '../../../../operator/fleet/victims.ts';
import { NOW, pod as podOf } from '../../../support/kube/fleet-input.ts';

const EMPTIED = {
  reason: 'ScaleDown',
  since: new Date(0).toISOString(),
  keep: 0,
  perSecond: 10,
  waitSeconds: 20,
  deadline: new Date(20_000).toISOString(),
} as const;

const pod = (name: string, change: Partial<FleetPod> = {}) => podOf(name, 'one', change);
/** Gateways after their node was silent for a while: all there, none ready. */
const UNREADY = { ready: false, offered: false, unofferedSince: 0 };
const PODS = [pod('a', UNREADY), pod('b', { ...UNREADY, intent: EMPTIED, connections: 0 }), pod('c', UNREADY)];

const INPUT = (replicas: number) =>
  ({
    now: NOW,
    wall: NOW,
    serving: 'one',
    revisions: [{ revision: 'one', replicas, createdAt: 0, targetedAt: 0, targetedSince: 0, stopped: '' }],
    settings: {
      drain: { delaySeconds: 1, timeoutSeconds: 5, reconnectsPerSecond: 100, patienceSeconds: 0 },
      capacity: { maxConnections: 1_000, targetConnections: undefined, freePlaces: 0 },
    },
  }) as unknown as FleetInput;
const down = (replicas: number) => scaleDown(PODS, 2, INPUT(replicas));

test('a victim whose place is given up already stays the victim, though no other gateway is ready', () => {
  assert.deepEqual([...down(2).intents], [['b', EMPTIED]]);
});

test('a victim whose place is not given up yet takes clients again when no other gateway does', () => {
  const { intents, finished, message } = down(3);
  assert.equal(intents.size, 0);
  assert.equal(finished, false);
  assert.match(message, /2 of the 2 gateways that stay are not ready/);
});

const EMPTY = { offered: false, selectable: false, unofferedSince: 0, intent: EMPTIED, refusing: true, connections: 0 };
const finished = (rest: Partial<FleetPod>) => {
  const pods = [pod('a'), pod('b', EMPTY), pod('c', rest)];
  return scaleDown(pods, 2, INPUT(3));
};

test('empty victims go only while no gateway that stays would be removed before them, whatever they cost', () => {
  assert.equal(finished({}).finished, true);
  const away = { ...UNREADY, unofferedSince: NOW - 5_000 };
  const { finished: may, message, intents } = finished(away);
  assert.equal(may, false);
  assert.match(message, /^b: empty; removed once c is ready/);
  assert.deepEqual([...intents], [['b', EMPTIED]], 'it is not opened again meanwhile');
  // A gateway without clients may go instead; one of another Deployment does not count.
  assert.equal(finished({ ...UNREADY, connections: 0 }).finished, true);
  assert.equal(finished({ ...away, revision: 'two' }).finished, true);
});

test('a ready victim is empty only once it refuses new clients: those on their way to it may come after it was asked', () => {
  const removable = (change: Partial<FleetPod>) =>
    scaleDown([pod('a'), pod('c'), pod('b', { ...EMPTY, ...change })], 2, INPUT(3)).finished;
  assert.equal(removable({}), true);
  assert.equal(removable({ refusing: false }), false);
  // An older gateway does not say so, and is not ready meanwhile.
  assert.equal(removable({ refusing: undefined }), false);
  assert.equal(removable({ refusing: undefined, ready: false }), true);
});

test('a victim that is ready is shut once it has lost its label and load balancers have noticed', () => {
  const closes = (change: Partial<FleetPod>) => {
    const closing = { reason: 'ScaleDown', since: EMPTIED.since } as const;
    const pods = [pod('a'), pod('c'), pod('b', { ...EMPTY, intent: closing, ...change })];
    return scaleDown(pods, 2, INPUT(3)).intents.get('b')?.keep === 0;
  };
  assert.equal(closes({}), true);
  assert.equal(closes({ selectable: true }), false);
  assert.equal(closes({ offered: true }), false);
  assert.equal(closes({ unofferedSince: NOW - 500 }), false);
});

const PATIENCE = { delaySeconds: 1, timeoutSeconds: 5, reconnectsPerSecond: 1, patienceSeconds: 60 };
/** True if a victim with so many connections is asked to close them after being out for so long. */
function asks(outSeconds: number, connections: number, change: Partial<FleetPod> = {}, size = 2): boolean {
  const input = INPUT(3);
  const settings = { ...input.settings, drain: PATIENCE };
  const closing = { reason: 'ScaleDown', since: EMPTIED.since } as const;
  const victim = { ...EMPTY, intent: closing, unofferedSince: NOW - outSeconds * 1_000, connections, ...change };
  const pods = size === 0 ? [pod('b', victim)] : [pod('a'), pod('c'), pod('b', victim)];
  const { intents, finished } = scaleDown(pods, size, { ...input, settings });
  assert.equal(finished && connections > 0, false);
  return intents.get('b')?.keep === 0;
}

test('a victim keeps its clients for a while, unless it has none, closes already, or all gateways go', () => {
  assert.deepEqual([asks(59, 10), asks(60, 10)], [false, true]);
  assert.equal(asks(2, 0), true);
  assert.equal(asks(2, 10, { intent: EMPTIED }), true);
  assert.equal(asks(2, 10, {}, 0), true);
});

test('where clients need more than two minutes to leave, they are asked sooner by what they need beyond', () => {
  // 100 s at one a second, which may take 150 s.
  assert.deepEqual([asks(29, 100), asks(30, 100)], [false, true]);
  assert.equal(asks(2, 200), true);
});

test('victims begin together, with the one that has been out for longest, and those that close go first', () => {
  const closing = { reason: 'ScaleDown', since: EMPTIED.since } as const;
  const input = INPUT(4);
  const settings = { ...input.settings, drain: { ...PATIENCE, reconnectsPerSecond: 10 } };
  const victim = (name: string, outSeconds: number, intent: FleetPod['intent'] = closing) =>
    pod(name, { ...EMPTY, intent, connections: 5, unofferedSince: NOW - outSeconds * 1_000 });
  const kept = (size: number, ...victims: FleetPod[]) => {
    const { intents } = scaleDown([pod('a'), pod('b'), ...victims], size, { ...input, settings });
    return [...intents].map(([name, { keep }]) => `${name} ${keep ?? 'all'}`).sort();
  };
  assert.deepEqual(kept(2, victim('c', 10), victim('d', 59)), ['c all', 'd all']);
  assert.deepEqual(kept(2, victim('c', 10), victim('d', 60)), ['c 0', 'd 0']);
  assert.deepEqual(kept(3, victim('c', 59), victim('d', 60, EMPTIED)), ['d 0']);
});

test('a gateway with clients that stays unready goes in place of an empty victim, which takes clients again', () => {
  const chosen = (outSeconds: number, change: Partial<FleetPod> = {}, replicas = 3, b: Partial<FleetPod> = EMPTY) => {
    const unready = { ready: false, offered: false, unofferedSince: NOW - outSeconds * 1_000, ...change };
    const { intents } = scaleDown([pod('a'), pod('b', b), pod('c', unready)], 2, INPUT(replicas));
    return [...intents].map(([name, { keep }]) => `${name} ${keep}`);
  };
  assert.deepEqual(chosen(119), ['b 0']);
  assert.deepEqual(chosen(120), [], 'first the empty one is opened again');
  assert.deepEqual(chosen(120, {}, 3, {}), ['c 0']);
  assert.deepEqual(chosen(120, { connections: undefined }, 3, {}), ['c 0'], 'one that does not answer');
  assert.deepEqual(chosen(120, { connections: 0 }), ['b 0'], 'one without clients may go at once');
  assert.deepEqual(chosen(120, {}, 2), ['b 0'], 'whose place is given up stays the victim');
});
