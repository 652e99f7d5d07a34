import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isQuiet, type QuietInput } from '../../../../operator/reconcile/quiet.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import { loadOf, probeOf } from '../../../support/kube/fleet-objects.ts';

const ready = (status: 'True' | 'False') => ({
  conditions: [{ type: 'Ready', status, lastTransitionTime: '', reason: 'x', message: 'x' }],
});
const COMPLETE = { rollout: { reason: 'Complete', message: '' }, draining: '', againMs: undefined } as const;
const PROBE = probeOf([loadOf('a'), loadOf('b')]);
const REST: QuietInput = { spec: stored().spec, status: ready('True'), plan: COMPLETE, probe: PROBE };
const worker = (health: object) => ({ ...PROBE, backends: { ...PROBE.backends, ...health } });
const unreachable = { reachable: false, reason: 'gone' };
const reachable = { reachable: true, reason: '' };

test('a ChatCluster at rest that nobody scales by its load is quiet', () => {
  assert.equal(isQuiet(REST), true);
});

for (const [what, change] of [
  ['its gateways are scaled', { spec: stored({ gateway: { autoscaling: { mode: 'Builtin' } } }).spec }],
  ['its workers are scaled', { spec: stored({ worker: { autoscaling: { mode: 'Builtin' } } }).spec }],
  ['it is not Ready', { status: ready('False') }],
  ['nothing was reported yet', { status: undefined }],
  ['a rollout goes on', { plan: { ...COMPLETE, rollout: { reason: 'Moving', message: '' } } }],
  ['gateways are emptied', { plan: { ...COMPLETE, draining: 'a is being emptied' } }],
  ['time alone changes the plan', { plan: { ...COMPLETE, againMs: 1_000 } }],
  ['it was not asked yet', { probe: undefined }],
  ['a gateway does not answer', { probe: probeOf([loadOf('a'), { ...loadOf('b'), load: undefined }]) }],
  ['a gateway is without NATS', { probe: probeOf([loadOf('a', { natsUp: false })]) }],
  [
    'a gateway has not heard yet that it is to take clients again',
    { probe: probeOf([loadOf('a', { refusing: true })]) },
  ],
  ['no worker answers', { probe: worker({ health: undefined }) }],
  ['NATS is away', { probe: worker({ health: { nats: unreachable, store: reachable } }) }],
  ['MongoDB is away', { probe: worker({ health: { nats: reachable, store: unreachable } }) }],
  ['a stream fills', { probe: worker({ log: { room: 'NearlyFull', reason: 'x' } }) }],
] as const satisfies readonly (readonly [string, Partial<QuietInput>])[])
  test(`a ChatCluster is not quiet while ${what}`, () => {
    assert.equal(isQuiet({ ...REST, ...change }), false);
  });
