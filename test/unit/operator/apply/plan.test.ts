import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../../../operator/api/kube-object.ts';
import { sameQuantity } from '../../../../operator/api/quantity.ts';
import { differences } from '../../../../operator/apply/differences.ts';
import { type FieldSet, foreignFields } from '../../../../operator/apply/foreign.ts';
import { type Observed, planWrites } from '../../../../operator/apply/plan.ts';
import type { DesiredObject } from '../../../../operator/desired/child.ts';
import { desired } from '../../../../operator/desired/desired.ts';
import { revisionOf } from '../../../../operator/desired/revision.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import { choicesFor, wantedRevision } from '../../../support/kube/choices.ts';

const childOf = (kind: string): KubeObject => ({ apiVersion: 'v1', kind, metadata: { name: 'chat' } });
const DEPLOYMENT = childOf('Deployment');
const SERVICE = childOf('Service');

const CLUSTER = stored({ gateway: { resources: { requests: { cpu: 1, memory: '1024Mi' } } } });
const GATEWAYS = `chat-gateway-${revisionOf(CLUSTER, 'gateway')}`;
const wanted = (replicas = 2) =>
  desired(CLUSTER, choicesFor(CLUSTER, { revisions: [wantedRevision(CLUSTER, { replicas })] }));
const asIs = (objects: readonly KubeObject[]): Observed[] =>
  objects.map(object => ({ object: structuredClone(object), foreign: [] }));

type Loose = Record<string, never>;
interface EnvOf {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly [{ readonly env: object[] }] } };
  };
}
/** The children as they are, one of them changed. */
function changed(
  kind: string,
  name: string,
  change: (object: Loose) => void,
  foreign: Observed['foreign'] = [],
): Observed[] {
  return asIs(wanted()).map(child => {
    if (child.object.kind !== kind || child.object.metadata.name !== name) return child;
    change(child.object as unknown as Loose);
    return { object: child.object, foreign };
  });
}
function edited(change: (spec: Loose, container: Loose) => void, foreign: Observed['foreign'] = []): Observed[] {
  return changed(
    'Deployment',
    GATEWAYS,
    object => {
      const { spec } = object as unknown as { spec: { template: { spec: { containers: Loose[] } } } };
      change(spec as unknown as Loose, spec.template.spec.containers[0] as Loose);
    },
    foreign,
  );
}
const OWN_ENV = (wanted().find(object => object.metadata.name === GATEWAYS) as unknown as EnvOf).spec.template.spec
  .containers[0].env.length;
const merge = (target: Loose, source: object) => Object.assign(target, source);

test('nothing is written when the children hold what they should', () => {
  assert.deepEqual(planWrites(asIs(wanted()), wanted()).actions, []);
});

test('what the API server fills in or spells its own way is no difference', () => {
  const observed = edited((spec, container) => {
    merge(spec, { progressDeadlineSeconds: 600 });
    merge(container, {
      terminationMessagePath: '/dev/termination-log',
      resources: { requests: { memory: '1Gi', cpu: '1000m' } },
    });
  });
  assert.deepEqual(planWrites(observed, wanted()).actions, []);
});

test('everything is made in order when there is nothing', () => {
  const { actions } = planWrites([], wanted());
  assert.deepEqual(
    actions.map(action => `${action.verb} ${action.object.kind}`),
    [
      'apply ServiceAccount',
      'apply ConfigMap',
      'apply Service',
      'apply Deployment',
      'apply Service',
      'apply PodDisruptionBudget',
      'apply ConfigMap',
      'apply Deployment',
    ],
  );
});

const EDITS: readonly (readonly [string, (spec: Loose, container: Loose) => void, string])[] = [
  ['another number of replicas', spec => merge(spec, { replicas: 9 }), 'spec.replicas'],
  ['another image', (_, container) => merge(container, { image: 'x' }), 'spec.template.spec.containers[gateway].image'],
  [
    'no variables',
    (_, container) => merge(container, { env: [] }),
    'spec.template.spec.containers[gateway].env[CHAT_MONGODB_URI]',
  ],
  [
    'one more argument',
    (_, container) => merge(container, { command: ['node', 'server/gateway.js', '--inspect'] }),
    'spec.template.spec.containers[gateway].command',
  ],
  [
    'another amount of memory',
    (_, container) => merge(container, { resources: { requests: { cpu: '1', memory: '1G' } } }),
    'spec.template.spec.containers[gateway].resources.requests.memory',
  ],
];
for (const [what, change, path] of EDITS)
  test(`${what} is put back`, () => {
    const { actions } = planWrites(edited(change), wanted());
    const [action] = actions;
    assert.equal(actions.length, 1);
    assert.ok(action?.verb === 'apply' && action.cause === 'drifted');
    assert.ok(action.paths.includes(path), action.paths.join());
  });

test('another wish is an update, no drift', () => {
  const [action] = planWrites(asIs(wanted()), wanted(3)).actions;
  assert.ok(action?.verb === 'apply' && action.cause === 'changed');
});

/** As the API server has them. */
const atVersion = (version: string): Observed[] =>
  asIs(wanted()).map(({ object, foreign }) => ({
    object: { ...object, metadata: { ...object.metadata, resourceVersion: version } },
    foreign,
  }));

test('an update names the version it was decided on, a new child has none', () => {
  const [update] = planWrites(atVersion('17'), wanted(3)).actions;
  assert.equal(update?.object.metadata.resourceVersion, '17');
  const [first] = planWrites([], wanted()).actions;
  assert.equal(first?.object.metadata.resourceVersion, undefined);
});

test('the version alone is no difference', () => {
  assert.deepEqual(planWrites(atVersion('17'), wanted()).actions, []);
});

const owned = (fields: FieldSet): Observed['foreign'] =>
  foreignFields(DEPLOYMENT, [{ manager: 'kubectl-edit', fieldsV1: fields }]);
const inContainer = (fields: FieldSet): FieldSet => ({
  'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"gateway"}': fields } } } },
});

test('what others added is removed from the end, and only that', () => {
  const added = ['CHAT_A', 'CHAT_B'].map(name => ({ name, value: '1' }));
  const own = {
    'f:env': Object.fromEntries(
      added.map(({ name }) => [`k:${JSON.stringify({ name })}`, { '.': {}, 'f:name': {}, 'f:value': {} }]),
    ),
  };
  const observed = edited(
    (_, container) => {
      const { env } = container as unknown as { env: object[] };
      env.push(...added);
      merge(container, { terminationMessagePath: '/dev/termination-log' });
    },
    owned(inContainer(own)),
  );
  const [action, ...more] = planWrites(observed, wanted()).actions;
  assert.deepEqual(more, []);
  assert.ok(action?.verb === 'prune');
  const env = '/spec/template/spec/containers/0/env';
  const last = OWN_ENV + 1;
  assert.deepEqual(action.pointers, [`${env}/${last}`, `${env}/${last - 1}`]);
  assert.deepEqual(action.managers, ['kubectl-edit']);
});

test('a second container is removed whole', () => {
  const observed = edited(
    spec => {
      const { template } = spec as unknown as { template: { spec: { containers: object[] } } };
      template.spec.containers.push({ name: 'extra', image: 'x', imagePullPolicy: 'Always' });
    },
    owned({
      'f:spec': {
        'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"extra"}': { '.': {}, 'f:image': {} } } } },
      },
    }),
  );
  const [action] = planWrites(observed, wanted()).actions;
  assert.ok(action?.verb === 'prune');
  assert.deepEqual(action.pointers, ['/spec/template/spec/containers/1']);
});

test("a key added to a value without parts, such as a Service's selector, is replaced by an apply", () => {
  const foreign = foreignFields(SERVICE, [{ manager: 'kubectl-patch', fieldsV1: { 'f:spec': { 'f:selector': {} } } }]);
  const observed = changed(
    'Service',
    'chat',
    object => merge((object as unknown as { spec: { selector: Loose } }).spec.selector, { added: 'x' }),
    foreign,
  );
  const [action] = planWrites(observed, wanted()).actions;
  assert.ok(action?.verb === 'apply' && action.cause === 'drifted');
  assert.deepEqual(action.paths, ['spec.selector']);
});

test('an annotation in the template of gateways is removed while their Deployment replaces them for it', () => {
  const annotation = { 'f:kubectl.kubernetes.io/restartedAt': {} };
  const fieldsV1 = { 'f:spec': { 'f:template': { 'f:metadata': { 'f:annotations': annotation } } } };
  const found = (metadata: object, status: object, kind = 'Deployment') =>
    foreignFields(
      { ...DEPLOYMENT, kind, metadata: { ...DEPLOYMENT.metadata, generation: 3, ...metadata }, status } as KubeObject,
      [{ manager: 'kubectl-rollout', fieldsV1 }],
    ).length > 0;
  const gateways = { labels: { 'chatcluster.dev/revision': '0123456789' } };
  assert.equal(found(gateways, { observedGeneration: 2, replicas: 3, updatedReplicas: 3 }), true, 'not seen yet');
  assert.equal(found(gateways, { observedGeneration: 3, replicas: 4, updatedReplicas: 1 }), true, 'under way');
  assert.equal(found(gateways, { observedGeneration: 3, replicas: 3, updatedReplicas: 3 }), false, 'done');
  assert.equal(found({}, { observedGeneration: 3, replicas: 2, updatedReplicas: 1 }), false, 'workers');
});

test('annotations of others, the status and our own fields do not count as additions of others', () => {
  const annotations = {
    'f:spec': { 'f:template': { 'f:metadata': { 'f:annotations': { 'f:kubectl.kubernetes.io/restartedAt': {} } } } },
  };
  assert.deepEqual(owned(annotations), []);
  assert.deepEqual(foreignFields(DEPLOYMENT, [{ manager: 'chatcluster-operator', fieldsV1: { 'f:spec': {} } }]), []);
  assert.deepEqual(
    foreignFields(DEPLOYMENT, [{ manager: 'x', subresource: 'status', fieldsV1: { 'f:spec': {} } }]),
    [],
  );
  assert.deepEqual(
    foreignFields(SERVICE, [{ manager: 'cloud', fieldsV1: { 'f:spec': { 'f:loadBalancerClass': {} } } }]),
    [],
  );
});

test('an object of another owner is left alone and named', () => {
  const observed = changed('Service', 'chat', object => {
    const metadata = object['metadata'] as unknown as { ownerReferences: { uid: string }[] };
    metadata.ownerReferences = metadata.ownerReferences.map(reference => ({ ...reference, uid: 'another' }));
  });
  const { actions, taken } = planWrites(observed, wanted());
  assert.deepEqual(taken, ['Service chat']);
  assert.deepEqual(actions, []);
});

test('a child that is being deleted is not written to', () => {
  const observed = edited(spec => merge(spec, { replicas: 9 })).map(({ object, foreign }) => ({
    object: { ...object, metadata: { ...object.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
    foreign,
  }));
  assert.deepEqual(planWrites(observed, wanted()).actions, []);
});

test('a child that is not wanted any more is deleted, unless it belongs to another owner', () => {
  const [, first] = wanted() as [DesiredObject, DesiredObject];
  const old = { ...first, metadata: { ...first.metadata, name: 'old' } };
  const foreign = { ...old, metadata: { ...old.metadata, name: 'foreign', ownerReferences: [] } };
  const { actions } = planWrites(asIs([...wanted(), old, foreign]), wanted());
  assert.deepEqual(
    actions.map(action => `${action.verb} ${action.object.metadata.name}`),
    ['delete old'],
  );
});

const SAME = [
  ['1', '1000m'],
  [1, '1'],
  ['1024Mi', '1Gi'],
  ['0.5', '500m'],
  ['1e3', '1k'],
  ['100M', '100000000'],
  ['1.5Gi', '1536Mi'],
  ['0', '0Gi'],
] as const;
const OTHER = [
  ['1', '1001m'],
  ['1G', '1Gi'],
  ['1', '-1'],
  ['1M', '1m'],
] as const;
test('amounts are compared by value', () => {
  for (const [a, b] of SAME) assert.ok(sameQuantity(a, b), `${a} ${b}`);
  for (const [a, b] of OTHER) assert.ok(!sameQuantity(a, b), `${a} ${b}`);
});

test('an empty map or list is the same as none', () => {
  assert.deepEqual(differences({}, { a: {}, b: [] }), []);
  assert.deepEqual(differences({}, { a: { b: 1 } }), ['.a']);
});
