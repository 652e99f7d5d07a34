import type { Digests } from '../bus/digests.ts';
import { reportedLoss } from '../membership/loss-report.ts';
import type { PolicyProgress } from '../membership/policy-progress.ts';
import type { PolicyStore } from '../membership/policy-store.ts';

/**
 * Makes a function that reads the offsets of a partition that are known beside MongoDB, each with its epoch: the last folded entry by LAST,
 * and what a gateway reported. What cannot be read is left out.
 */
export const knownEnds =
  (digests: Pick<Digests, 'cover'>, policy: Pick<PolicyStore, 'read'>) =>
  async (partition: number): Promise<readonly PolicyProgress[]> => {
    const [cover, reported] = await Promise.all([
      digests.cover(partition).catch(() => null),
      reportedLoss(policy, partition).catch(() => null),
    ]);
    return [
      ...(cover ? [{ epoch: cover.value.epoch, at: cover.value.below - 1 }] : []),
      ...(reported ? [reported] : []),
    ];
  };
