import assert from 'node:assert/strict';
import { LoadedPairs } from '../../../server/membership/loaded-pairs.ts';
import { PolicyBatch } from '../../../server/membership/policy-batch.ts';
import type { Clocks } from '../../../server/time/clock.ts';
import { fillPolicy } from './filled-policy.ts';
import { MemoryPolicyStore } from './memory-policy.ts';

/** Pairs of users as one gateway has them, over a store in memory that lacks nothing. */
export function memoryPairs({ now }: Pick<Clocks, 'now'>, policy = new MemoryPolicyStore()): LoadedPairs {
  void fillPolicy(policy);
  return new LoadedPairs({
    policy,
    batch: new PolicyBatch({ policy, soon: queueMicrotask }),
    archive: { pair: async () => assert.fail('the store lacks nothing') },
    covered: async () => ({ epoch: 'first', at: 0, whole: true }),
    now,
    unwritten: (_, error) => {
      throw error;
    },
  });
}
