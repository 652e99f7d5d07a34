import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../../../operator/api/kube-object.ts';
import { desired } from '../../../../operator/desired/desired.ts';
import { TEMPLATE_ANNOTATION } from '../../../../operator/desired/names.ts';
import { revisionOf } from '../../../../operator/desired/revision.ts';
import { choicesOf, imageIn } from '../../../../operator/fleet/choices.ts';
import type { FleetPlan } from '../../../../operator/fleet/fleet.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import { choicesFor } from '../../../support/kube/choices.ts';
import { gatewayDeployment } from '../../../support/kube/fleet-objects.ts';

const CLUSTER = stored();
const NEW = revisionOf(CLUSTER, 'gateway');
const OLD = 'aaaaaaaaaa';
const GIVEN = { defaultImage: 'example.com/chat:2', workerReplicas: 1 };

const planOf = (change: Partial<FleetPlan> = {}): FleetPlan => ({
  target: NEW,
  serving: OLD,
  revisions: [
    { revision: OLD, replicas: 2, targetedAt: 10_000 },
    { revision: NEW, replicas: 2, targetedAt: 50_000 },
  ],
  intents: new Map(),
  rollout: { reason: 'Moving', message: '' },
  draining: '',
  short: false,
  stop: '',
  againMs: undefined,
  ...change,
});
const deployments = (stopped = '', targetedAt = 50_000) => [
  gatewayDeployment(CLUSTER, OLD, { targetedAt: 10_000 }),
  gatewayDeployment(CLUSTER, NEW, { targetedAt, stopped }),
];
const SEEN = { serving: OLD, movedAt: 20_000, wall: 90_000 };
const choose = (children: readonly KubeObject[], plan = planOf(), seen: Parameters<typeof choicesOf>[3] = SEEN) =>
  choicesOf(CLUSTER, children, plan, seen, GIVEN);
const stoppedOf = (children: readonly KubeObject[], plan?: FleetPlan) =>
  Object.fromEntries(choose(children, plan).revisions.map(({ revision, stopped }) => [revision, stopped]));

test('what stopped a rollout is written down on its own Deployment', () => {
  assert.deepEqual(stoppedOf(deployments(), planOf({ stop: 'it fails' })), { [OLD]: '', [NEW]: 'it fails' });
});

test('what stopped a rollout stands when nothing is wrong any more', () => {
  assert.deepEqual(stoppedOf(deployments('it fails')), { [OLD]: '', [NEW]: 'it fails' });
});

test('a revision that is wanted anew starts without what stopped it before', () => {
  const earlier = deployments('it failed', 30_000);
  assert.deepEqual(stoppedOf(earlier), { [OLD]: '', [NEW]: '' });
});

test('the moment of the move stands while the Service stays, is now when it moves, and there is none before the first', () => {
  const since = (plan: FleetPlan, seen: Partial<typeof SEEN>) =>
    choose(deployments(), plan, { ...SEEN, ...seen }).servingSince.getTime();
  assert.equal(since(planOf(), {}), 20_000);
  assert.equal(since(planOf({ serving: NEW }), {}), 90_000);
  assert.equal(since(planOf(), { movedAt: 0 }), 0);
});

test('each revision carries the moment it became the wanted one', () => {
  const at = choose(deployments()).revisions.map(({ targetedAt }) => targetedAt.getTime());
  assert.deepEqual(at, [10_000, 50_000]);
});

const MADE = { spec: { containers: [{ image: 'example.com/chat:1' }] } };
function templated(object: KubeObject, text: string): KubeObject {
  const annotations = { ...object.metadata.annotations, [TEMPLATE_ANNOTATION]: text };
  return { ...object, metadata: { ...object.metadata, annotations } };
}
const oldTemplate = (object: KubeObject) =>
  choose([object]).revisions.find(({ revision }) => revision === OLD)?.template;

test('a Deployment keeps the template it was made with, whatever drifted in it since', () => {
  const edited = gatewayDeployment(CLUSTER, OLD, { template: { spec: { hostNetwork: true } } });
  assert.deepEqual(oldTemplate(templated(edited, JSON.stringify(MADE))), MADE);
});

test('a Deployment whose record is gone keeps the template it has', () => {
  const bare = gatewayDeployment(CLUSTER, OLD, { template: MADE });
  assert.deepEqual(oldTemplate(bare), MADE);
  assert.deepEqual(oldTemplate(templated(bare, '{"spec":')), MADE);
});

test('a new revision has no template yet: this operator makes it', () => {
  const choices = choose([gatewayDeployment(CLUSTER, OLD)]);
  assert.equal(choices.revisions.find(({ revision }) => revision === NEW)?.template, undefined);
});

test('an operator that would write pods otherwise changes no Deployment that is there', () => {
  const before = desired(CLUSTER, choicesFor(CLUSTER));
  const plan = planOf({ serving: NEW, revisions: [{ revision: NEW, replicas: 2, targetedAt: 50_000 }] });
  const renamed = before.map(object => {
    const { spec } = object as unknown as { spec?: { template?: object } };
    if (object.kind !== 'Deployment') return object;
    const template = { ...spec?.template, older: true };
    return { ...templated(object, JSON.stringify(template)), spec: { ...spec, template } };
  });
  for (const object of desired(CLUSTER, choose(renamed, plan)))
    if (object.kind === 'Deployment')
      assert.equal((object as unknown as { spec: { template: { older?: boolean } } }).spec.template.older, true);
});

test('workers keep their template for as long as nothing of theirs is changed', () => {
  const workers = desired(CLUSTER, choicesFor(CLUSTER)).filter(({ metadata }) => metadata.name === 'chat-worker');
  const templateWith = (spec: object) => {
    const cluster = stored(spec);
    return choicesOf(cluster, workers, planOf(), SEEN, GIVEN).workers.template;
  };
  assert.notEqual(templateWith({}), undefined);
  assert.notEqual(templateWith({ limits: { maxConnections: 9_000 } }), undefined);
  assert.equal(templateWith({ worker: { batchMessages: 7 } }), undefined);
});

test('the image is read from a template, and nothing from none', () => {
  assert.equal(imageIn(MADE), 'example.com/chat:1');
  assert.deepEqual([imageIn(undefined), imageIn({}), imageIn({ spec: {} })], [undefined, undefined, undefined]);
});
