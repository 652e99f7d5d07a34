import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCapacity, hasEnoughGateways, isShortTooLong } from '../../../../operator/fleet/capacity.ts';
import type { FleetInput, FleetSettings } from '../../../../operator/fleet/fleet.ts';
import { heldLooks } from '../../../../tools/simulator/held-looks.ts';

const ROOMY = { maxConnections: 15_000, targetConnections: 5_000, freePlaces: 0 };

test('capacity covers all clients, free places and the clients of a lost gateway, and stays near the target', () => {
  const has = (takers: number, clients: number, change: Partial<FleetSettings['capacity']> = {}) =>
    hasCapacity(takers, clients, { ...ROOMY, ...change });
  assert.deepEqual([has(4, 25_000), has(4, 25_001)], [true, false], 'a quarter above the target');
  const untargeted = { targetConnections: undefined };
  assert.deepEqual([has(4, 45_000, untargeted), has(4, 45_001, untargeted)], [true, false], 'one is lost');
  assert.equal(has(4, 45_000, { ...untargeted, freePlaces: 1 }), false);
});

test('most gateways are enough if they have capacity: nearly all to begin, and one of a few may be missing after that', () => {
  const enough = (takers: number, needed: number, clients: number, begun: boolean) =>
    hasEnoughGateways(takers, needed, clients, { settings: { capacity: ROOMY } } as FleetInput, begun);
  assert.deepEqual([enough(4, 4, 1e9, false), enough(4, 4, 1e9, true)], [true, true], 'all are enough');
  assert.deepEqual([enough(3, 4, 10, false), enough(3, 4, 10, true), enough(2, 4, 10, true)], [false, true, false]);
  assert.deepEqual([enough(1, 2, 10, true), enough(0, 1, 0, true)], [false, false], 'none would be left if it is lost');
  assert.deepEqual([enough(270, 300, 1_500_000, false), enough(269, 300, 1_000, true)], [true, false]);
  assert.equal(enough(270, 300, 1_700_000, true), false, 'too full');
});

test('too few are put up with for 15 s', () => {
  assert.deepEqual(
    [undefined, 85_001, 85_000].map(shortSince => isShortTooLong({ shortSince, now: 100_000 })),
    [false, false, true],
  );
});

for (const [gateways, looks] of [
  [10, 2_000],
  [100, 1_000],
  [300, 800],
] as const)
  test(`a rollout of ${gateways} gateways of which each is ready 99.7 % of the time is held in under 2 % of looks`, () => {
    const { someAway, held, takenBack } = heldLooks({ gateways, ready: 0.997, looks, seed: 1 });
    assert.ok(someAway > looks * 0.01, `${someAway} looks with a gateway away: the test tells nothing`);
    assert.ok(held < looks * 0.02, `held in ${held} of ${looks} looks`);
    assert.ok(takenBack <= held * gateways, `${takenBack} intents were taken back`);
  });
