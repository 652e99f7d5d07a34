import { CUT_MS, type Cut, MOST_CUTS } from './room-state.ts';
import { cutBytes, lastWithin } from './state-bytes.ts';

/**
 * Adds a cut to those of a state, and leaves out those for which there is no room: leaves first, however late, then acts of staff, of
 * both the oldest. So leaves, which users make as often as they like, push out no act of staff.
 * @returns ascending by cv
 */
export function withCut(cuts: readonly Cut[], added: Cut): readonly Cut[] {
  const all = [...cuts, added];
  const byWorth = [...all.filter(({ left }) => left), ...all.filter(({ left }) => !left)];
  const kept = new Set(lastWithin(byWorth, MOST_CUTS, cutBytes));
  return kept.size === all.length ? all : all.filter(cut => kept.has(cut));
}

/** Leaves out cuts that are too old. @param time of the latest entry that counts */
export const recentCuts = (cuts: readonly Cut[], time: number): readonly Cut[] =>
  cuts.filter(cut => cut.time > time - CUT_MS);
