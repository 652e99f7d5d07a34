import { CUT_MS, type Cut, MOST_CUTS } from './room-state.ts';
import { cutBytes, LIST_BYTES } from './state-bytes.ts';

/**
 * Adds a cut to those of a state, and leaves out those for which there is no room: leaves first, however late, then acts of staff, of
 * both the oldest. So leaves, which users make as often as they like, push out no act of staff.
 * @returns ascending by cv
 */
export function withCut(cuts: readonly Cut[], added: Cut): readonly Cut[] {
  const kept = [...cuts, added];
  let bytes = kept.reduce((sum, cut) => sum + cutBytes(cut), 0);
  while (kept.length > MOST_CUTS || bytes > LIST_BYTES) {
    const oldestLeave = kept.findIndex(({ left }) => left);
    const [gone] = kept.splice(Math.max(0, oldestLeave), 1);
    if (gone) bytes -= cutBytes(gone);
  }
  return kept;
}

/** Leaves out cuts that are too old. @param time of the latest entry that counts */
export const recentCuts = (cuts: readonly Cut[], time: number): readonly Cut[] =>
  cuts.filter(cut => cut.time > time - CUT_MS);
