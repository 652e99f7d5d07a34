import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatCluster } from '../../../../operator/api/chat-cluster.ts';
import type { KubeObject } from '../../../../operator/api/kube-object.ts';
import { planWrites } from '../../../../operator/apply/plan.ts';
import { isRewrite, Rewrites } from '../../../../operator/apply/rewrites.ts';
import { desired } from '../../../../operator/desired/desired.ts';
import { templatesCurrent } from '../../../../operator/report/outdated.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import { choicesFor, wantedRevision } from '../../../support/kube/choices.ts';

const CLUSTER = { ...stored(), status: { observedGeneration: stored().metadata.generation } } as ChatCluster;
const wanted = (replicas = 2, cluster: ChatCluster = CLUSTER) =>
  desired(cluster, choicesFor(cluster, { revisions: [wantedRevision(cluster, { replicas })] }));

/** The children as an operator wrote them that knew nothing of the label `component`. */
const byOlder = () =>
  wanted().map(object => {
    const { 'app.kubernetes.io/component': _, ...labels } = object.metadata.labels ?? {};
    const annotations = { ...object.metadata.annotations, 'chatcluster.dev/applied-hash': 'older' };
    return { object: { ...object, metadata: { ...object.metadata, labels, annotations } } as KubeObject, foreign: [] };
  });

test('only writes caused by an upgrade of the operator are spread over time', () => {
  const all = planWrites(byOlder(), wanted()).actions;
  assert.equal(all.length, wanted().length);
  assert.ok(all.every(action => isRewrite(action, CLUSTER)));

  const grown = planWrites(byOlder(), wanted(3)).actions.filter(action => !isRewrite(action, CLUSTER));
  assert.deepEqual(
    grown.map(({ object }) => object.kind),
    ['Deployment'],
  );
  const changed = { ...CLUSTER, metadata: { ...CLUSTER.metadata, generation: CLUSTER.metadata.generation + 1 } };
  assert.ok(!all.some(action => isRewrite(action, changed)), 'a spec that is new');
  const asIs = wanted().map(object => ({ object: object as KubeObject, foreign: [] }));
  const edited = asIs.map(({ object, foreign }) => ({
    object: { ...object, metadata: { ...object.metadata, labels: {} } },
    foreign,
  }));
  const repairs = planWrites(edited, wanted()).actions;
  assert.ok(repairs.length > 0 && !repairs.some(action => isRewrite(action, CLUSTER)), 'a repair');
  assert.ok(!planWrites([], wanted()).actions.some(action => isRewrite(action, CLUSTER)), 'a child that is missing');
});

test('5,000 ChatClusters are written anew one after the other, at the rate that is set', () => {
  const rewrites = new Rewrites(10);
  const starts = Array.from({ length: 5_000 }, () => rewrites.reserve(8, 1_000));
  assert.deepEqual(starts.slice(0, 3), [1_000, 1_800, 2_600]);
  assert.equal(starts.at(-1), 1_000 + 4_999 * 800);
  assert.equal(rewrites.reserve(8, 9_000_000), 9_000_000, 'a later reservation does not wait for finished ones');
});

test('a template that was kept and would be another now shows, until it is made anew', () => {
  const children = wanted() as readonly KubeObject[];
  const verdict = (image: string, cluster = CLUSTER) => templatesCurrent(cluster, children, image);
  assert.equal(verdict('example.com/chat:1').reason, 'Current');
  const { status, reason, message } = verdict('example.com/chat:2');
  assert.deepEqual([status, reason], ['False', 'UpdateAvailable']);
  assert.match(message, /spec\.containers\[gateway\]\.image, .*chatcluster\.dev\/restart/);

  const later = { ...CLUSTER, metadata: { ...CLUSTER.metadata, generation: 99 } };
  const limits = { ...CLUSTER.spec.limits, maxSubscriptions: 64 };
  assert.equal(verdict('example.com/chat:1', later).reason, 'Current', 'the version of the spec');
  assert.equal(verdict('example.com/chat:1', { ...CLUSTER, spec: { ...CLUSTER.spec, limits } }).reason, 'Current');
  const restarted = {
    ...CLUSTER,
    metadata: { ...CLUSTER.metadata, annotations: { 'chatcluster.dev/restart': 'now' } },
  };
  assert.equal(verdict('example.com/chat:2', restarted).reason, 'Current', 'on its way');
});
