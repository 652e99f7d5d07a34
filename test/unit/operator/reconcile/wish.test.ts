import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wishOf } from '../../../../operator/reconcile/wish.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';

test('a wish changes with spec, annotations and deletion, and with nothing the operator or others write', () => {
  const before = wishOf(stored({}, { generation: 3, resourceVersion: '7', annotations: { 'example.com/notes': 'a' } }));
  const same = wishOf(stored({}, { generation: 3, resourceVersion: '8', annotations: { 'example.com/notes': 'b' } }));
  assert.equal(same, before);
  for (const metadata of [
    { generation: 4 },
    { generation: 3, uid: 'another' },
    { generation: 3, annotations: { 'chatcluster.dev/restart': 'now' } },
  ])
    assert.notEqual(wishOf(stored({}, metadata)), before);
  assert.notEqual(wishOf(undefined), before);
});
