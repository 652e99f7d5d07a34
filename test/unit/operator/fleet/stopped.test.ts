import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FleetPod } from '../../../../operator/fleet/fleet.ts';
import { planFleet } from '../../../../operator/fleet/plan.ts';
import { input, pod, row } from '../../../support/kube/fleet-input.ts';

const AWAY = { ready: false } as const;
const { settings } = input();

/** Revision the Service selects once a rollout to `new` is stopped half-way. @param changes changes of the first old gateways */
function leadsTo(count: number, changes: readonly Partial<FleetPod>[], maxConnections = 1_000): string {
  const old = Array.from({ length: count }, (_, at) =>
    pod(`old-${at}`, 'old', { offered: false, unofferedSince: 0, ...changes[at] }),
  );
  return planFleet(
    input({
      settings: { ...settings, capacity: { ...settings.capacity, maxConnections } },
      revisions: [
        { ...row('old', 1), replicas: count },
        { ...row('new', 2), replicas: count },
      ],
      pods: [...old, ...Array.from({ length: count }, (_, at) => pod(`new-${at}`, 'new'))],
      size: count,
      unhealthy: 'it fails',
    }),
  ).serving;
}

for (const [what, serving, leads] of [
  ['four old gateways', 'old', leadsTo(4, [])],
  ['four, one of which is not ready', 'old', leadsTo(4, [AWAY])],
  ['four, two of which are not ready', 'new', leadsTo(4, [AWAY, AWAY])],
  ['four, one of which is not ready, without capacity for all clients on two', 'new', leadsTo(4, [AWAY], 19)],
  ['twenty, two of which are not ready', 'old', leadsTo(20, [AWAY, AWAY])],
  ['twenty, three of which are not ready', 'new', leadsTo(20, [AWAY, AWAY, AWAY])],
  ['one that is not ready', 'new', leadsTo(1, [AWAY])],
  ['four, one of which still refuses clients', 'new', leadsTo(4, [{ refusing: true }])],
] as const)
  test(`stopped with ${what}, the Service leads to the ${serving} revision`, () => {
    assert.equal(leads, serving);
  });
