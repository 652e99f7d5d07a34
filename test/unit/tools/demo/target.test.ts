import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOCAL } from '../../../../tools/cluster/layout.ts';
import { targetOf } from '../../../../tools/demo/target.ts';

const byDefault = { kind: false };

test('the demo runs on a cluster of its own unless KUBECONFIG names another', () => {
  assert.deepEqual(targetOf(byDefault, {}), { kind: 'local' });
  assert.deepEqual(targetOf(byDefault, { KUBECONFIG: '' }), { kind: 'local' });
  assert.deepEqual(targetOf(byDefault, { KUBECONFIG: LOCAL.kubeconfig }), { kind: 'local' });
});

test('the cluster of KUBECONFIG needs an image that it can pull or has', () => {
  const env = { KUBECONFIG: '/k', CHATCLUSTER_IMAGE: 'registry/chat:1' };
  assert.deepEqual(targetOf(byDefault, env), { kind: 'given', kubeconfig: '/k', image: 'registry/chat:1' });
  assert.throws(() => targetOf(byDefault, { KUBECONFIG: '/k' }), /Set CHATCLUSTER_IMAGE/);
});

test('--kind takes a cluster of kind, whatever KUBECONFIG is', () => {
  assert.deepEqual(targetOf({ kind: true }, { KUBECONFIG: '/k' }), { kind: 'kind' });
});
