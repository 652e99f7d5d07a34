import { MemoryPolicyStore } from '../../../support/chat/memory-policy.ts';
import { policyContract } from '../../../support/chat/policy-contract.ts';

policyContract('in memory', async () => new MemoryPolicyStore());
