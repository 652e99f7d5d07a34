import { LoadedSettings } from '../../../server/membership/loaded-settings.ts';
import { PolicyBatch } from '../../../server/membership/policy-batch.ts';
import type { Clocks } from '../../../server/time/clock.ts';
import { fillPolicy } from './filled-policy.ts';
import { MemoryPolicyStore } from './memory-policy.ts';

/** Settings of users as one gateway has them, over a store in memory that lacks nothing. */
export function memorySettings({ now }: Pick<Clocks, 'now'>, policy = new MemoryPolicyStore()): LoadedSettings {
  void fillPolicy(policy);
  return new LoadedSettings({
    policy,
    batch: new PolicyBatch({ policy, soon: queueMicrotask }),
    archive: { settingsOf: async () => new Map() },
    covered: async () => ({ epoch: 'first', at: 0, whole: true }),
    now,
    unwritten: (_, error) => {
      throw error;
    },
  });
}
