import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { RESOURCES } from '../../operator/kube/resources.ts';
import { startApiServer } from '../support/kube/api-server.ts';

const pod = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  ...{ spec: { containers: [{ name: 'gateway', image: 'example.com/chat:1' }] } },
});
const OTHER_UID = '00000000-0000-4000-8000-000000000000';

test('a merge patch changes only the object it was decided on', async t => {
  const { client } = await startApiServer(t);
  const { metadata } = await client.create(RESOURCES.pods, pod('gateway'));
  const patch = (expected: object) =>
    client.patch(RESOURCES.pods, 'default', 'gateway', {
      metadata: { ...expected, annotations: { 'chatcluster.dev/traffic': '{}' } },
    });
  const { uid, resourceVersion } = metadata;
  await assert.rejects(patch({ uid: OTHER_UID }), { name: 'ApiError', code: 409 });
  await assert.rejects(patch({ uid, resourceVersion: '1' }), { name: 'ApiError', code: 409 });
  const untouched = await client.get<KubeObject>(RESOURCES.pods, 'default', 'gateway');
  assert.equal(untouched.metadata.resourceVersion, resourceVersion);

  const written = await patch({ uid, resourceVersion });
  assert.equal(written.kind, 'Pod', 'so that the caches can take it');
  assert.equal(written.metadata.annotations?.['chatcluster.dev/traffic'], '{}');
  await assert.rejects(patch({ uid, resourceVersion }), { code: 409 }, 'it has changed since');
  await patch({ uid });
  await assert.rejects(client.patch(RESOURCES.pods, 'default', 'gone', { metadata: { uid } }), { code: 404 });
});

test('an apply changes only the version and the object it was decided on', async t => {
  const { client } = await startApiServer(t);
  const map = (data: object, expected: object = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'options', namespace: 'default', ...expected },
    ...{ data },
  });
  const first = await client.apply(map({ at: '1' }));
  const { uid, resourceVersion } = first.metadata;
  await client.apply(map({ at: '2' }, { uid, resourceVersion }));
  await assert.rejects(client.apply(map({ at: '3' }, { uid, resourceVersion })), { name: 'ApiError', code: 409 });
  await assert.rejects(client.apply(map({ at: '3' }, { uid: OTHER_UID })), { name: 'ApiError', code: 409 });
  await assert.rejects(client.apply(map({}, { name: 'new', uid })), {
    code: 409,
  });
  const { data } = await client.get<{ data: object }>(RESOURCES.configMaps, 'default', 'options');
  assert.deepEqual(data, { at: '2' });
});

test('a Lease is replaced only by whom saw its last version', async t => {
  const { client } = await startApiServer(t);
  const lease = (holderIdentity: string, resourceVersion?: string): KubeObject => ({
    apiVersion: RESOURCES.leases.apiVersion,
    kind: 'Lease',
    metadata: { name: 'operator', namespace: 'default', ...(resourceVersion ? { resourceVersion } : {}) },
    ...{ spec: { holderIdentity } },
  });
  const { metadata } = await client.create(RESOURCES.leases, lease('a'));
  await client.update(RESOURCES.leases, lease('b', metadata.resourceVersion));
  await assert.rejects(client.update(RESOURCES.leases, lease('c', metadata.resourceVersion)), { code: 409 });
  await assert.rejects(client.create(RESOURCES.leases, lease('c')), { code: 409 });
  const { spec } = await client.get<{ spec: { holderIdentity: string } }>(RESOURCES.leases, 'default', 'operator');
  assert.equal(spec.holderIdentity, 'b');
});
