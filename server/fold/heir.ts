import { RANKS } from './control.ts';
import type { Membership, RoomState } from './room-state.ts';

/** Effect of a leave on the room, beside taking the member out. */
export interface Succession {
  /** Member who becomes the owner: the oldest of the highest rank that is left. */
  readonly heir?: string;
  /** True if no member is left. */
  readonly dissolves?: true;
}

/**
 * Decides who follows a member who leaves, so that a room with an owner keeps one. Pure. In a room whose state lacks members the
 * heir is one of those that it has: see {@link lacksHeir}.
 */
export function successionOf(room: RoomState, leaver: string): Succession {
  if (!room.open && room.count <= 1) return { dissolves: true };
  const [heir] = isLastOwner(room, leaver) ? oldest(othersIn(room, leaver)) : [];
  return heir === undefined ? {} : { heir };
}

/** True if a member who leaves is the last owner, and the state, which lacks members, has none who could follow. Pure. */
export const lacksHeir = (room: RoomState, leaver: string): boolean =>
  !room.full && (room.open || room.count > 1) && isLastOwner(room, leaver) && othersIn(room, leaver).length === 0;

type Member = readonly [user: string, known: Membership];

const othersIn = ({ members }: RoomState, leaver: string): Member[] =>
  [...members].filter(([user, { state }]) => state === 'member' && user !== leaver);

function isLastOwner(room: RoomState, leaver: string): boolean {
  const known = room.members.get(leaver);
  const isOwner = known?.rank === 'owner' && known.state === 'member';
  return isOwner && !othersIn(room, leaver).some(([, { rank }]) => rank === 'owner');
}

/** Members by rank, of each rank the oldest first. Those whose join is not known come last. */
export const oldest = (members: readonly Member[]): string[] =>
  members
    .toSorted(
      ([a, one], [b, other]) =>
        RANKS.indexOf(one.rank) - RANKS.indexOf(other.rank) || age(one) - age(other) || (a < b ? -1 : 1),
    )
    .map(([user]) => user);

const age = ({ since }: Membership): number => since || Number.MAX_SAFE_INTEGER;
