import { type PolicyProgress, readProgress } from './policy-progress.ts';
import type { PolicyStore } from './policy-store.ts';
import { changeKey } from './policy-writes.ts';

const lossKey = (partition: number) => ({ lost: partition });

/**
 * Reports that the log of a partition ends below an offset that was delivered or acted on: a power loss took its last entries, and
 * MongoDB did not have them. A worker then gives it another epoch. Does nothing if that was reported. Rejects as {@link changeKey}.
 */
export async function reportLoss(policy: PolicyStore, partition: number, { epoch, at }: PolicyProgress): Promise<void> {
  await changeKey(policy, lossKey(partition), value => {
    const known = readProgress(value);
    return known?.epoch === epoch && known.at >= at ? null : { epoch, at };
  });
}

/** Highest offset that a gateway reported for a partition, with its epoch; null for none. @throws {ReadFailed} */
export const reportedLoss = async (
  policy: Pick<PolicyStore, 'read'>,
  partition: number,
): Promise<PolicyProgress | null> => readProgress((await policy.read(lossKey(partition)))?.value);
