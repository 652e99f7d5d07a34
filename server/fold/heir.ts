import { RANKS } from './control.ts';
import type { RoomState } from './room-state.ts';

/** Effect of a leave on the room, beside taking the member out. */
export interface Succession {
  /** Member who becomes the owner: the oldest of the highest rank that is left. */
  readonly heir?: string;
  /** True if no member is left. */
  readonly dissolves?: true;
}

/**
 * Decides who follows a member who leaves, so that a room with an owner keeps one. Pure. In a room whose state lacks members the
 * heir is one of those that it has.
 */
export function successionOf({ members, count, open }: RoomState, leaver: string): Succession {
  const left = [...members].filter(([user, { state }]) => state === 'member' && user !== leaver);
  if (!open && count <= 1) return { dissolves: true };
  const isOwner = members.get(leaver)?.rank === 'owner' && members.get(leaver)?.state === 'member';
  if (!isOwner || left.some(([, { rank }]) => rank === 'owner')) return {};
  const [heir] = left.sort(
    ([a, one], [b, other]) =>
      RANKS.indexOf(one.rank) - RANKS.indexOf(other.rank) || one.since - other.since || (a < b ? -1 : 1),
  );
  return heir ? { heir: heir[0] } : {};
}
