import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { ChatCluster } from '../../../../operator/api/chat-cluster.ts';
import type { KubeObject } from '../../../../operator/api/kube-object.ts';
import { type Observed, objectId, planWrites } from '../../../../operator/apply/plan.ts';
import { desired } from '../../../../operator/desired/desired.ts';
import { RESTART_ANNOTATION } from '../../../../operator/desired/names.ts';
import { POD_SHAPES } from '../../../../operator/desired/pod-shapes.ts';
import { podTemplate } from '../../../../operator/desired/pod-template.ts';
import { revisionOf } from '../../../../operator/desired/revision.ts';
import { optionsIn, optionsInUse, type WorkerDeployment } from '../../../../operator/desired/worker-options.ts';
import { choicesOf } from '../../../../operator/fleet/choices.ts';
import { workerDeployment } from '../../../../operator/fleet/observe.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import { choicesFor } from '../../../support/kube/choices.ts';

const BATCH = { worker: { batchMessages: 64 } };
/** Children as operators made them when the workers of all revisions read one ConfigMap, for a ChatCluster of {@link BATCH}. */
const GOLDEN = join(import.meta.dirname, '../../../golden/operator/shared-worker-options.yaml');
const madeBefore = () => parseAllDocuments(readFileSync(GOLDEN, 'utf8')).map(document => document.toJS() as KubeObject);

type Loose = KubeObject & { data: Record<string, string>; immutable?: boolean };
const named = (objects: readonly KubeObject[], kind: string, name: string) =>
  objects.find(object => object.kind === kind && object.metadata.name === name) as Loose;
const asIs = (objects: readonly KubeObject[]): Observed[] => objects.map(object => ({ object, foreign: [] }));

/** Workers and options as a pass wants and writes them. */
function pass(cluster: ChatCluster, children: readonly KubeObject[]) {
  const { template: _, ...rest } = choicesFor(cluster).workers;
  const fleet = { serving: undefined, movedAt: 0, wall: 0 };
  const empty = {
    target: '',
    serving: '',
    revisions: [],
    intents: new Map(),
    stop: '',
    draining: '',
    short: false,
    againMs: undefined,
  };
  const rollout = { reason: 'Complete', message: '' } as const;
  const given = { defaultImage: 'example.com/chat:2', workerReplicas: rest.replicas };
  const { workers } = choicesOf(cluster, children, { ...empty, rollout }, fleet, given);
  const wanted = desired(cluster, choicesFor(cluster, { workers, defaultImage: given.defaultImage }));
  const deployment = workerDeployment(cluster, children);
  const { actions } = planWrites(asIs(children), wanted, optionsInUse(cluster, children, deployment));
  const writes = actions
    .filter(({ object }) => object.metadata.name.startsWith('chat-worker'))
    .map(({ verb, object }) => `${verb} ${objectId(object)}`);
  return { wanted, writes };
}

test('options are in a ConfigMap of the revision, which nothing can change, and the template names it', () => {
  const cluster = stored(BATCH);
  const revision = revisionOf(cluster, 'worker');
  const map = named(desired(cluster, choicesFor(cluster)), 'ConfigMap', `chat-worker-${revision}`);
  assert.equal(map.immutable, true);
  assert.deepEqual(map.data, { CHAT_NATS_URL: 'nats://nats:4222', CHAT_STORE_BATCH: '64' });
  assert.equal(optionsIn(podTemplate(cluster, POD_SHAPES.worker, '')), map.metadata.name);
});

test('workers that an older operator made with one ConfigMap for all revisions are left as they are', () => {
  assert.deepEqual(pass(stored(BATCH), madeBefore()).writes, []);
});

test('an option that came with a later operator does not get into the options of workers that know it not', () => {
  const children = madeBefore();
  // As if the option had not been there yet when the ConfigMap was made.
  delete named(children, 'ConfigMap', 'chat-worker').data['CHAT_PURGE_SECONDS'];
  const { wanted } = pass(stored(BATCH), children);
  assert.deepEqual(named(wanted, 'ConfigMap', 'chat-worker').data, named(children, 'ConfigMap', 'chat-worker').data);
});

test('how many copies there are to be is no part of a revision where it is 1 or left to the workers, and a change rolls them', () => {
  const spec = (streamReplicas?: number) => (streamReplicas === undefined ? {} : { messages: { streamReplicas } });
  const made = (streamReplicas?: number) => pass(stored(spec(streamReplicas)), []).wanted as readonly KubeObject[];
  const envOf = (children: readonly KubeObject[]) => {
    const { template } = (named(children, 'Deployment', 'chat-worker') as unknown as { spec: { template: Template } })
      .spec;
    return template.spec.containers[0]?.env.filter(({ name }) => name === 'CHAT_STREAM_REPLICAS');
  };
  const variable = (value: object) => [{ name: 'CHAT_STREAM_REPLICAS', ...value }];
  assert.deepEqual([envOf(made()), envOf(made(1))], [variable({}), variable({ value: '1' })]);
  const revisions = [undefined, 1, 3].map(each => revisionOf(stored(spec(each)), 'worker'));
  assert.equal(revisions[0], revisions[1]);
  assert.notEqual(revisions[0], revisions[2]);
  const rolls = ['apply Deployment chat-worker'];
  assert.deepEqual(pass(stored(spec(1)), made()).writes, rolls);
  assert.deepEqual(pass(stored(spec()), made(1)).writes, rolls);
  for (const each of [undefined, 1, 3]) assert.deepEqual(pass(stored(spec(each)), made(each)).writes, []);
});

test('workers that an earlier operator made with one copy, its default, are left as they are, whether or not 1 stands in the spec', () => {
  for (const streamReplicas of [undefined, 1])
    assert.deepEqual(pass(stored({ ...BATCH, messages: { streamReplicas } }), madeBefore()).writes, []);
});

interface Template {
  readonly spec: {
    readonly containers: readonly { readonly env: readonly { readonly name: string; readonly value?: string }[] }[];
  };
}

test('the shared ConfigMap is put back when somebody edits or removes it, for as long as workers read it', () => {
  const children = madeBefore();
  named(children, 'ConfigMap', 'chat-worker').data['CHAT_STORE_BATCH'] = '1';
  assert.deepEqual(pass(stored(BATCH), children).writes, ['apply ConfigMap chat-worker']);
  const without = madeBefore().filter(({ kind, metadata }) => kind !== 'ConfigMap' || metadata.name !== 'chat-worker');
  const { wanted, writes } = pass(stored(BATCH), without);
  assert.deepEqual(writes, ['apply ConfigMap chat-worker']);
  const { data } = named(wanted, 'ConfigMap', 'chat-worker');
  assert.deepEqual(Object.keys(data), ['CHAT_INSTANCE', 'CHAT_NATS_URL', 'CHAT_STORE_BATCH']);
});

/** The children with a Deployment of the workers whose rollout is as far as `status` says. */
function rolled(objects: readonly KubeObject[], status: NonNullable<WorkerDeployment['status']>): KubeObject[] {
  return objects.map(object => {
    if (object.kind !== 'Deployment' || object.metadata.name !== 'chat-worker') return object;
    return { ...object, metadata: { ...object.metadata, generation: 2 }, status } as KubeObject;
  });
}
const COMPLETE = { observedGeneration: 2, replicas: 1, updatedReplicas: 1, availableReplicas: 1 };

test('what earlier workers read stays until none of them can start any more, and is removed then', () => {
  const next = stored({ worker: { batchMessages: 65 } });
  const revision = revisionOf(next, 'worker');
  const first = pass(next, madeBefore());
  assert.deepEqual(first.writes, [`apply ConfigMap chat-worker-${revision}`, 'apply Deployment chat-worker']);
  const before = named(madeBefore(), 'ConfigMap', 'chat-worker');
  const now = [...first.wanted, before];
  const underway = [
    { ...COMPLETE, observedGeneration: 1 },
    { ...COMPLETE, replicas: 2 },
    { ...COMPLETE, replicas: 0, updatedReplicas: 0 },
    { ...COMPLETE, availableReplicas: 0 },
    {},
  ];
  for (const status of underway) assert.deepEqual(pass(next, rolled(now, status)).writes, [], JSON.stringify(status));
  assert.deepEqual(pass(next, rolled(now, COMPLETE)).writes, ['delete ConfigMap chat-worker']);
  const gone = now.filter(({ kind }) => kind !== 'Deployment');
  assert.ok(!pass(next, gone).writes.some(write => write.startsWith('delete')), 'pods may outlive their Deployment');
});

test('a ConfigMap of a revision that holds something else is removed, and made again when it is gone', () => {
  const cluster = stored(BATCH);
  const name = `chat-worker-${revisionOf(cluster, 'worker')}`;
  const children = structuredClone(pass(cluster, []).wanted) as KubeObject[];
  named(children, 'ConfigMap', name).data['CHAT_STORE_BATCH'] = '1';
  assert.deepEqual(pass(cluster, children).writes, [`delete ConfigMap ${name}`]);
  const gone = children.filter(({ metadata }) => metadata.name !== name);
  assert.deepEqual(pass(cluster, gone).writes, [`apply ConfigMap ${name}`]);
});

test('the restart annotation gives the workers another template, as it does the gateways', () => {
  const template = (value: string) =>
    JSON.stringify(podTemplate(stored({}, { annotations: { [RESTART_ANNOTATION]: value } }), POD_SHAPES.worker, ''));
  assert.notEqual(template('1'), template('2'));
});
