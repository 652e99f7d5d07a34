import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatCluster } from '../../../../operator/api/chat-cluster.ts';
import type { KubeObject } from '../../../../operator/api/kube-object.ts';
import { desired } from '../../../../operator/desired/desired.ts';
import { IDENTITY_ANNOTATION, identityOf, instanceOf } from '../../../../operator/desired/names.ts';
import { revisionOf } from '../../../../operator/desired/revision.ts';
import { choicesOf } from '../../../../operator/fleet/choices.ts';
import type { FleetPlan } from '../../../../operator/fleet/fleet.ts';
import { otherChats, withInstance } from '../../../../operator/fleet/instance.ts';
import { ready } from '../../../../operator/report/conditions.ts';
import { noticeOfChat } from '../../../../operator/report/notices.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import { choicesFor } from '../../../support/kube/choices.ts';

const FIRST = stored();
const SECOND = stored({}, { uid: 'made-anew' });

const childrenOf = (cluster: ChatCluster): KubeObject[] => desired(cluster, choicesFor(cluster));
/** As the garbage collector leaves what belonged to an object that was deleted with `--cascade=orphan`. */
const orphans = (cluster: ChatCluster): KubeObject[] =>
  childrenOf(cluster).map(child => ({ ...child, metadata: { ...child.metadata, ownerReferences: [] } }));

/** All instances that the Deployments of `cluster` would have from now on. */
function instances(cluster: ChatCluster, children: readonly KubeObject[]): string[] {
  const revision = revisionOf(cluster, 'gateway');
  const plan: FleetPlan = {
    target: revision,
    serving: revision,
    revisions: [{ revision, replicas: 2, targetedAt: 0 }],
    intents: new Map(),
    rollout: { reason: 'Complete', message: '' },
    draining: '',
    short: false,
    stop: '',
    againMs: undefined,
  };
  const seen = { serving: revision, movedAt: 0, wall: 0 };
  const choices = choicesOf(cluster, children, plan, seen, { defaultImage: 'example.com/chat:9', workerReplicas: 1 });
  const text = JSON.stringify(desired(cluster, choices).filter(({ kind }) => kind === 'Deployment'));
  const found = text.matchAll(/"name":"CHAT_INSTANCE","value":"([^"]+)"/g);
  return [...new Set([...found].map(match => match[1] ?? ''))];
}

test('a ChatCluster without children, or with its own, is of the chat that its identity says, and its revision has its plain name', () => {
  for (const cluster of [FIRST, stored({ identity: 'kept' })]) {
    const bare = withInstance(cluster, []);
    const mine = withInstance(cluster, childrenOf(cluster));
    for (const each of [bare, mine]) {
      assert.equal(instanceOf(each), instanceOf(cluster));
      assert.equal(identityOf(each), cluster.spec.identity ?? cluster.metadata.uid);
      assert.equal(revisionOf(each, 'gateway'), revisionOf(cluster, 'gateway'));
      assert.equal(otherChats(each, childrenOf(cluster)), '');
      assert.deepEqual(noticeOfChat(each), []);
    }
  }
});

test('a ChatCluster made anew over orphaned children goes on with their chat: all processes, and what the status says', () => {
  const children = orphans(FIRST);
  const again = withInstance(SECOND, children);
  assert.equal(instanceOf(again), instanceOf(FIRST));
  assert.equal(identityOf(again), FIRST.metadata.uid);
  assert.equal(revisionOf(again, 'gateway'), revisionOf(FIRST, 'gateway'));
  assert.deepEqual(instances(again, children), [instanceOf(FIRST)]);
  assert.equal(otherChats(again, children), '');
  assert.match(noticeOfChat(again)[0]?.note ?? '', /continues the chat/);
  const owned = desired(again, choicesFor(again));
  const options = owned.find(({ metadata }) => metadata.annotations?.[IDENTITY_ANNOTATION] !== undefined);
  assert.equal(options?.metadata.annotations?.[IDENTITY_ANNOTATION], FIRST.metadata.uid);
  // And later, when all Deployments were deleted, or the status was lost.
  const status = { identity: FIRST.metadata.uid, instance: instanceOf(FIRST) };
  assert.equal(instanceOf(withInstance({ ...SECOND, status }, [])), instanceOf(FIRST));
  assert.equal(instanceOf(withInstance(SECOND, options ? [options] : [])), instanceOf(FIRST));
});

test('another spec over orphaned children makes another revision of the same chat', () => {
  const children = orphans(FIRST);
  const again = withInstance(stored({ image: { reference: 'example.com/chat:2' } }, { uid: 'made-anew' }), children);
  assert.notEqual(revisionOf(again, 'gateway'), revisionOf(FIRST, 'gateway'));
  assert.deepEqual(instances(again, children), [instanceOf(FIRST)]);
});

test('children of an earlier ChatCluster that are being removed say nothing: the new one begins anew', () => {
  const again = withInstance(SECOND, childrenOf(FIRST));
  assert.equal(instanceOf(again), instanceOf(SECOND));
  assert.equal(identityOf(again), 'made-anew');
});

test('what an older operator split is one chat again: workers store what the gateways take', () => {
  const gateways = childrenOf({
    ...SECOND,
    kept: { identity: undefined, instance: instanceOf(FIRST), renamed: false },
  });
  const isWorker = ({ metadata }: KubeObject) => metadata.name.includes('worker');
  const children = [...gateways.filter(child => !isWorker(child)), ...childrenOf(SECOND).filter(isWorker)].map(
    child => ({ ...child, metadata: { ...child.metadata, annotations: without(child, IDENTITY_ANNOTATION) } }),
  );
  const status = { identity: SECOND.metadata.uid, instance: instanceOf(SECOND) };
  const cluster = withInstance({ ...SECOND, status }, children);
  assert.equal(instanceOf(cluster), instanceOf(FIRST));
  assert.equal(identityOf(cluster), undefined);
  assert.match(otherChats(cluster, children), /^chat-worker: pods of another chat/);
  assert.deepEqual(instances(cluster, children), [instanceOf(FIRST)]);
});

function without({ metadata }: KubeObject, annotation: string): Record<string, string> {
  const { [annotation]: _, ...rest } = metadata.annotations ?? {};
  return rest;
}

test('another instance written into a Deployment is drift, and makes it no other chat', () => {
  const children = childrenOf(FIRST).map(child =>
    child.kind === 'Deployment' && 'spec' in child
      ? { ...child, spec: JSON.parse(JSON.stringify(child.spec).replaceAll(instanceOf(FIRST), 'chat-0000000000')) }
      : child,
  );
  const cluster = withInstance(FIRST, children);
  assert.equal(instanceOf(cluster), instanceOf(FIRST));
  assert.equal(otherChats(cluster, children), '');
  assert.deepEqual(instances(cluster, children), [instanceOf(FIRST)]);
});

test('an identity that is named wins: gateways of the other chat are another revision, until there are none', () => {
  const children = orphans(FIRST);
  const named = stored({ identity: 'other' }, { uid: 'made-anew' });
  const cluster = withInstance(named, children);
  assert.equal(instanceOf(cluster), instanceOf(named));
  assert.notEqual(revisionOf(cluster, 'gateway'), revisionOf(FIRST, 'gateway'));
  assert.deepEqual(instances(cluster, children), [instanceOf(named)]);
  const sentence = otherChats(cluster, children);
  assert.match(sentence, /^chat-gateway-[0-9a-f]{10}, chat-worker: pods of another chat than chat-/);
  const well = { type: 'GatewaysAvailable', status: 'True', reason: 'AllReady', message: 'all' } as const;
  const fleet = { desired: 2, replicas: 2, ready: 2, problem: undefined };
  const verdict = ready({
    available: well,
    moving: { type: 'Progressing', status: 'True', reason: 'Moving', message: '' },
    gateways: fleet,
    workers: { ...fleet, update: { isComplete: true, stalled: '', updated: 2 } },
    backends: [],
    failure: undefined,
    against: [{ reason: 'OtherChat', message: sentence }],
  });
  assert.deepEqual([verdict.status, verdict.reason], ['False', 'OtherChat']);
  // Once they are gone the name stays: another one would move all clients once more.
  const moved = childrenOf(cluster);
  const later = withInstance(named, moved);
  assert.equal(revisionOf(later, 'gateway'), revisionOf(cluster, 'gateway'));
  assert.equal(otherChats(later, moved), '');
});
