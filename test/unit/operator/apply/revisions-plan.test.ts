import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../../../operator/api/kube-object.ts';
import { type Observed, objectId, planWrites } from '../../../../operator/apply/plan.ts';
import { desired } from '../../../../operator/desired/desired.ts';
import { revisionOf } from '../../../../operator/desired/revision.ts';
import { noticesOfActions } from '../../../../operator/report/notices.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import { choicesFor, wantedRevision } from '../../../support/kube/choices.ts';

const CLUSTER = stored();
const OLD = revisionOf(CLUSTER, 'gateway');
const asIs = (objects: readonly KubeObject[]): Observed[] => objects.map(object => ({ object, foreign: [] }));

const ROLLED = stored({ ...CLUSTER.spec, image: { reference: 'example.com/chat:2' } });
const NEXT = revisionOf(ROLLED, 'gateway');
const both = (serving: string) =>
  desired(
    ROLLED,
    choicesFor(ROLLED, {
      revisions: [wantedRevision(CLUSTER, { template: {} }), wantedRevision(ROLLED, { template: {} })],
      serving,
    }),
  );
const before = () => both(OLD);

test('a new revision is a new Deployment with a budget beside the old one, which is not written to', () => {
  const first = before().filter(object => object.metadata.name !== `chat-gateway-${NEXT}`);
  const { actions } = planWrites(asIs(first), before());
  assert.deepEqual(
    actions.map(({ verb, object }) => `${verb} ${object.metadata.name}`),
    [`apply chat-gateway-${NEXT}`, `apply chat-gateway-${NEXT}`],
  );
});

test('the Service moves by its selector, and nothing else is written', () => {
  const { actions } = planWrites(asIs(before()), both(NEXT));
  assert.deepEqual(
    actions.map(({ verb, object }) => `${verb} ${objectId(object)}`),
    ['apply Service chat'],
  );
  assert.ok(actions.every(action => action.verb === 'apply' && action.cause === 'changed'));
});

test('a selector that is to lose its revision is an update too', () => {
  const { actions } = planWrites(asIs(before()), both('*'));
  assert.deepEqual(
    actions.map(({ object }) => objectId(object)),
    ['Service chat'],
  );
});

test('an empty revision that is no longer wanted is deleted with its Deployment and its budget', () => {
  const { actions } = planWrites(
    asIs(both(NEXT)),
    both(NEXT).filter(({ metadata }) => metadata.name !== `chat-gateway-${OLD}`),
  );
  assert.deepEqual(
    actions.map(({ verb, object }) => `${verb} ${objectId(object)}`),
    [`delete Deployment chat-gateway-${OLD}`, `delete PodDisruptionBudget chat-gateway-${OLD}`],
  );
});

const reported = (actions: Parameters<typeof noticesOfActions>[0], isNew = false) =>
  noticesOfActions(actions, isNew).map(({ reason, note }) => `${reason}: ${note}`);

test('a second Deployment is reported as a new revision, not as the repair of a missing one', () => {
  const first = before().filter(object => object.metadata.name !== `chat-gateway-${NEXT}`);
  const { actions } = planWrites(asIs(first), before());
  assert.deepEqual(reported(actions), [
    `RevisionAdded: Deployment chat-gateway-${NEXT}, PodDisruptionBudget chat-gateway-${NEXT}`,
  ]);
});

test('a restart of a Deployment of gateways gets an Event with the right way, another annotation of its template one of its removal', () => {
  const [object] = before().filter(({ kind, metadata }) => kind === 'Deployment' && metadata.name.includes(OLD));
  assert.ok(object);
  const pruned = (key: string) =>
    reported([
      { verb: 'prune', object, pointers: [`/spec/template/metadata/annotations/${key}`], managers: ['kubectl'] },
    ]);
  assert.match(
    pruned('kubectl.kubernetes.io~1restartedAt').join(),
    /^RestartRefused: .* annotation chatcluster\.dev\/restart/,
  );
  assert.match(pruned('note').join(), /^DriftRepaired: /);
});

test('a child that vanished is reported as repaired, all children of a new ChatCluster as created', () => {
  const { actions } = planWrites(asIs(before().filter(({ kind }) => kind !== 'ConfigMap')), before());
  assert.deepEqual(reported(actions), [
    'DriftRepaired: ConfigMap chat-gateway was missing and was created again',
    `RevisionAdded: ConfigMap chat-worker-${revisionOf(ROLLED, 'worker')}`,
  ]);
  const [created, ...more] = reported(planWrites([], before()).actions, true);
  assert.match(created ?? '', /^Created: created ServiceAccount chat, /);
  assert.deepEqual(more, []);
});

test('another number of gateways and the move of the Service have notices of their own: the write is none', () => {
  const { actions } = planWrites(asIs(before()), both(NEXT));
  assert.deepEqual(reported(actions), []);
  const larger = desired(CLUSTER, choicesFor(CLUSTER, { revisions: [wantedRevision(CLUSTER, { replicas: 3 })] }));
  const { actions: scaled } = planWrites(asIs(desired(CLUSTER, choicesFor(CLUSTER))), larger);
  assert.equal(scaled.length, 1);
  assert.deepEqual(reported(scaled), []);
});
