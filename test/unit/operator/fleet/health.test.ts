import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBackendToBlame, whyUnhealthy } from '../../../../operator/fleet/health.ts';
import type { GatewayLoad } from '../../../../server/contract/load.ts';
import { loadOf } from '../../../support/kube/fleet-objects.ts';

const BOUNDS = { maxErrorPercent: 5, maxPublishMilliseconds: 1_000, maxEventLoopLagMilliseconds: 500 };
const load = (change: Partial<GatewayLoad>): GatewayLoad => loadOf('g', change).load as GatewayLoad;
const why = (fresh: readonly Partial<GatewayLoad>[], old: readonly Partial<GatewayLoad>[] = [{}]) =>
  whyUnhealthy(fresh.map(load), old.map(load), BOUNDS);

test('gateways that do well are not unhealthy, nor are none', () => {
  assert.equal(why([{}, {}]), '');
  assert.equal(why([]), '');
  assert.equal(why([{ commandsPerSecond: 0 }]), '');
});

const WORSE: readonly (readonly [string, Partial<GatewayLoad>, RegExp])[] = [
  ['failing commands', { commandsPerSecond: 100, errorsPerSecond: 6 }, /more than 5 % of commands and sign-ins fail/],
  ['slow publishes', { publishMs: 1_001 }, /a publish takes more than 1000 ms/],
  ['a lagging event loop', { eventLoopLagMs: 501 }, /lags more than 500 ms/],
];
for (const [what, change, message] of WORSE) {
  test(`${what} of the new gateways alone is why`, () => {
    assert.match(why([change]), message);
  });
  test(`${what} of old and new gateways is not the rollout's doing`, () => {
    assert.equal(why([change], [change]), '');
    assert.equal(why([{}], [change]), '');
  });
}

test('a bound is not passed by being reached', () => {
  assert.equal(why([{ commandsPerSecond: 100, errorsPerSecond: 5, publishMs: 1_000, eventLoopLagMs: 500 }]), '');
});

test('a failure now and then is a client, not a revision', () => {
  assert.equal(why([{ commandsPerSecond: 0.8, errorsPerSecond: 0.4 }]), '');
  assert.notEqual(
    why([
      { commandsPerSecond: 0.8, errorsPerSecond: 0.4 },
      { commandsPerSecond: 1, errorsPerSecond: 0.4 },
    ]),
    '',
  );
});

test('new gateways have to be twice as bad as the old ones', () => {
  const old = [{ publishMs: 800 }];
  assert.equal(why([{ publishMs: 1_500 }], old), '');
  assert.notEqual(why([{ publishMs: 1_700 }], old), '');
});

test('gateways without a publish say nothing of its time', () => {
  assert.notEqual(why([{ publishMs: 1_900 }, { publishMs: 0 }, { publishMs: 0 }]), '');
});

test('a backend that is away, or was a moment ago, excuses the new revision', () => {
  const now = 60_000;
  const blame = (type: string, status: 'True' | 'False', since: number) => {
    const lastTransitionTime = '2026-01-01T00:00:00Z';
    const condition = { type, status, lastTransitionTime, observedGeneration: 1, reason: 'R', message: '' };
    return isBackendToBlame([condition], () => since, now);
  };
  assert.equal(
    isBackendToBlame([], () => now, now),
    false,
  );
  assert.equal(blame('MessagingReachable', 'True', 45_000), false);
  assert.equal(blame('MessagingReachable', 'True', 45_001), true);
  assert.equal(blame('StoreReachable', 'False', 0), true);
  assert.equal(blame('Ready', 'False', 59_000), false);
});
