import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Observed, objectId } from '../../../../operator/apply/plan.ts';
import { Repairs } from '../../../../operator/apply/repairs.ts';
import { RESTART_ANNOTATION } from '../../../../operator/desired/names.ts';
import { revisionOf } from '../../../../operator/desired/revision.ts';
import type { FleetPlan } from '../../../../operator/fleet/fleet.ts';
import { Children, type ChildrenInput } from '../../../../operator/reconcile/children.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';

const IMAGE = 'example.com/chat:1';
const CLUSTER = stored();
const REVISION = revisionOf(CLUSTER, 'gateway');
const planOf = (change: Partial<FleetPlan> = {}): FleetPlan => ({
  target: REVISION,
  serving: REVISION,
  revisions: [{ revision: REVISION, replicas: 2, targetedAt: 50_000 }],
  intents: new Map(),
  rollout: { reason: 'Complete', message: '' },
  draining: '',
  stop: '',
  short: false,
  againMs: undefined,
  ...change,
});

/** With the children written as they are to be. */
function atRest(): { readonly children: Children; readonly input: ChildrenInput } {
  const children = new Children(IMAGE, new Repairs(() => 0));
  let observed: readonly Observed[] = [];
  const of = (): ChildrenInput => ({
    cluster: CLUSTER,
    observed,
    plan: planOf(),
    fleet: { serving: REVISION, movedAt: 20_000, wall: 90_000 },
    workerReplicas: 1,
    knows: () => true,
  });
  for (let pass = 0; pass < 5; pass++) {
    const { actions } = children.plan(of());
    const written = new Map(observed.map(child => [objectId(child.object), child]));
    for (const { verb, object } of actions) {
      if (verb === 'apply') written.set(objectId(object), { object, foreign: [] });
      else written.delete(objectId(object));
    }
    observed = [...written.values()];
  }
  assert.deepEqual(children.plan(of()).actions, []);
  return { children, input: of() };
}

const edited = ({ observed }: ChildrenInput, kind: string, change: object): Observed[] =>
  observed.map(child => (child.object.kind === kind ? { ...child, object: { ...child.object, ...change } } : child));
const fieldIn = (fields: object) => ({
  observed: (rest: ChildrenInput) => edited(rest, 'ConfigMap', { data: fields }),
});

test('what is at rest is not made and compared again, whatever the operator writes into the status meanwhile', () => {
  const { children, input } = atRest();
  const before = children.plan(input);
  const { metadata } = CLUSTER;
  const cluster = { ...CLUSTER, metadata: { ...metadata, resourceVersion: '99' }, status: { image: 'x' } };
  const later = { ...input, cluster, observed: [...input.observed], fleet: { ...input.fleet, wall: 99_000 } };
  assert.equal(children.plan(later), before);
});

const annotated = stored({}, { annotations: { [RESTART_ANNOTATION]: 'now' } });
const respecified = stored({ service: { port: 8080 } }, { generation: 2 });
for (const [what, change, writes] of [
  ['the spec', () => ({ cluster: respecified }), true],
  ['an annotation of the operator', () => ({ cluster: annotated, plan: planOf({ target: 'b' }) }), true],
  ['another ChatCluster of the name', () => ({ cluster: stored({}, { uid: 'another' }) }), false],
  [
    'the number of gateways',
    () => ({ plan: planOf({ revisions: [{ revision: REVISION, replicas: 3, targetedAt: 50_000 }] }) }),
    true,
  ],
  ['why a rollout was stopped', () => ({ plan: planOf({ stop: 'it fails' }) }), true],
  ['where the Service leads', () => ({ plan: planOf({ serving: '*' }) }), true],
  [
    'a kind that nothing is known of',
    () => ({ knows: (kind: string) => kind !== 'PodDisruptionBudget', observed: [] }),
    true,
  ],
  ['the number of workers', () => ({ workerReplicas: 3 }), true],
  ['a child that was edited', (rest: ChildrenInput) => ({ observed: fieldIn({ a: 'b' }).observed(rest) }), true],
  ['a child that is gone', (rest: ChildrenInput) => ({ observed: rest.observed.slice(1) }), true],
  [
    'a field that somebody else added',
    (rest: ChildrenInput) => ({
      observed: edited(rest, 'PodDisruptionBudget', {}).map(child =>
        child.object.kind === 'PodDisruptionBudget'
          ? { ...child, object: { ...child.object, spec: { ...budgetOf(child), minAvailable: 1 } }, foreign: [FOREIGN] }
          : child,
      ),
    }),
    true,
  ],
] as const satisfies readonly (readonly [string, (rest: ChildrenInput) => Partial<ChildrenInput>, boolean])[])
  test(`${what} is made and compared anew, as by an operator that has just started`, () => {
    const { children, input } = atRest();
    const changed = { ...input, ...change(input) };
    const planned = children.plan(changed);
    assert.deepEqual(planned, new Children(IMAGE, new Repairs(() => 0)).plan(changed));
    if (writes) assert.notDeepEqual(planned.actions, []);
    else assert.notDeepEqual(planned.taken, []);
    assert.deepEqual(children.plan(input).actions, [], 'and so is the way back');
  });

const FOREIGN = { manager: 'somebody', fields: { 'f:spec': { 'f:minAvailable': {} } } } as const;
function budgetOf({ object }: Observed): object {
  return (object as unknown as { readonly spec: object }).spec;
}

test('what is to be written, or belongs to somebody else, is looked at again each time', () => {
  const { children, input } = atRest();
  const missing = { ...input, observed: input.observed.slice(1) };
  assert.notEqual(children.plan(missing), children.plan(missing));
  const other = { ...input, cluster: stored({}, { uid: 'another' }) };
  assert.notEqual(children.plan(other), children.plan(other));
});
