import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FleetInput, FleetPod } from '../../operator/fleet/fleet.ts';
import { scaleDown } from '../../operator/fleet/victims.ts';

const NOW = 1_000_000;
const EMPTIED = {
  reason: 'ScaleDown',
  since: new Date(0).toISOString(),
  keep: 0,
  perSecond: 10,
  waitSeconds: 20,
  deadline: new Date(20_000).toISOString(),
} as const;

const pod = (name: string, change: Partial<FleetPod> = {}): FleetPod => ({
  ...{ name, revision: 'one', scheduled: true, running: true, ready: true, terminating: false, offered: true },
  ...{
    unofferedSince: undefined,
    nodeLeaving: false,
    intent: undefined,
    intentSince: undefined,
    natsUp: true,
    cutOffSince: undefined,
    connections: 5,
    createdAt: 0,
  },
  ...change,
});
/** As a node that was not heard of for a while leaves them: all there, none ready. */
const UNREADY = { ready: false, offered: false, unofferedSince: 0 };
const PODS = [pod('a', UNREADY), pod('b', { ...UNREADY, intent: EMPTIED, connections: 0 }), pod('c', UNREADY)];

const down = (replicas: number) =>
  scaleDown(PODS, 2, {
    now: NOW,
    serving: 'one',
    revisions: [{ revision: 'one', replicas, createdAt: 0, targetedAt: 0, targetedSince: 0, stopped: '' }],
    settings: {
      drain: { delaySeconds: 1, timeoutSeconds: 5, reconnectsPerSecond: 100 },
      capacity: { maxConnections: 1_000, targetConnections: undefined, freePlaces: 0 },
    },
  } as unknown as FleetInput);

test('a victim whose place is given up already stays the victim, though nobody else is ready', () => {
  assert.deepEqual([...down(2).intents], [['b', EMPTIED]]);
});

test('a victim whose place is not given up yet takes clients again when nobody else does', () => {
  const { intents, finished, message } = down(3);
  assert.equal(intents.size, 0);
  assert.equal(finished, false);
  assert.match(message, /2 of the 2 gateways that stay are not ready/);
});
