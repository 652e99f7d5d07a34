import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planFleet } from '../../../../operator/fleet/plan.ts';
import { input, NOW, pod, row } from '../../../support/kube/fleet-input.ts';

const SHEDS = {
  reason: 'Rebalance',
  since: new Date(0).toISOString(),
  keep: 800,
  perSecond: 5,
  waitSeconds: 120,
  deadline: new Date(120_000).toISOString(),
} as const;

/** Two gateways that go down to 800 connections and do not take clients, and two that do. */
function shedding(holds: number, others: readonly [number, number], maxConnections = 2_000) {
  const out = { offered: false, unofferedSince: 0, intent: SHEDS, intentSince: NOW - 10_000, connections: holds };
  const { settings } = input();
  return input({
    settings: { ...settings, capacity: { ...settings.capacity, maxConnections } },
    revisions: [{ ...row('new', 1), replicas: 4 }],
    size: 4,
    pods: [
      pod('a', 'new', out),
      pod('b', 'new', out),
      ...others.map((connections, at) => pod(`c${at}`, 'new', { connections })),
    ],
  });
}
const reopened = (...given: Parameters<typeof shedding>) => [...planFleet(shedding(...given)).intents];
const BOTH = [
  ['a', undefined],
  ['b', undefined],
];

test('gateways shed while the others stay within the tolerance above what they keep', () => {
  assert.deepEqual(reopened(1_200, [400, 999]), []);
});

test('a gateway filled by new clients meanwhile ends it: all take clients again', () => {
  assert.deepEqual(reopened(1_200, [400, 1_000]), BOTH);
});

test('so does one that is full, long before it is that much fuller', () => {
  assert.deepEqual(reopened(1_200, [400, 850], 851), []);
  assert.deepEqual(reopened(1_200, [400, 850], 850), BOTH);
});

test('what has ended does not begin again at once', () => {
  const ended = shedding(1_600, [400, 1_000]);
  const backSince = (offeredSince: number) =>
    planFleet({
      ...ended,
      pods: ended.pods.map(each => ({
        ...each,
        ...{ offered: true, offeredSince, unofferedSince: undefined, intent: undefined, intentSince: undefined },
      })),
    });
  const { intents, againMs } = backSince(NOW - 29_000);
  assert.deepEqual([intents.size, againMs], [0, 1_000]);
  assert.deepEqual([...backSince(NOW - 30_000).intents.keys()], ['a', 'b']);
});
