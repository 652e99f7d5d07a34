import { FILLED, type Filled } from '../../../server/membership/policy-filled.ts';
import type { PolicyStore } from '../../../server/membership/policy-store.ts';

/** Says of a store that it lacks nothing, unless it says so. */
export async function fillPolicy(policy: Pick<PolicyStore, 'snapshot' | 'write'>): Promise<void> {
  const filled: Filled = { id: 'one', from: [], done: [], complete: true };
  if (!(await isFilled(policy))) await policy.write(FILLED, filled, 0);
}

/** True if a store says that it lacks nothing. */
export const isFilled = async (policy: Pick<PolicyStore, 'snapshot'>): Promise<boolean> =>
  (await policy.snapshot([])).complete;
