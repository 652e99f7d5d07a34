import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPLETE, readOrAbsent } from '../../../../server/membership/policy-store.ts';
import { MemoryPolicyStore } from '../../../support/chat/memory-policy.ts';
import { policyContract } from '../../../support/chat/policy-contract.ts';

policyContract('in memory', async () => new MemoryPolicyStore());

test('a key of a store that is wiped and filled again meanwhile is not taken for absent', async () => {
  const policy = new MemoryPolicyStore();
  await policy.write(COMPLETE, { epoch: 'first' }, 0);
  policy.wait = async () => {
    if (policy.asked.length !== 3) return;
    policy.wipe();
    policy.wait = async () => undefined;
    await policy.write(COMPLETE, { epoch: 'second' }, 0);
  };
  assert.equal(await readOrAbsent(policy, { room: 'group:a' }), 'unknown');
  assert.equal(await readOrAbsent(policy, { room: 'group:a' }), 'absent');
});
