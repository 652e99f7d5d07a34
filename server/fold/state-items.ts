import type { RoomState } from './room-state.ts';

/** Items that the rest of a state takes as much memory as. */
const REST = 4;

/** Items that all states in one cache have together: some 30 MB, with the longest names 140 MB. */
export const MOST_ITEMS = 200_000;

/** Number of items of a state, which its memory follows: each takes some 150 bytes, with the longest names 700. */
export const itemsOf = ({ members, links, cuts, ids }: Pick<RoomState, 'members' | 'links' | 'cuts' | 'ids'>): number =>
  REST + members.size + links.size + cuts.length + ids.length;
