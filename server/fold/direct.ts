import type { RoomState } from './room-state.ts';

/** Kind of the rooms of two users. */
export const DIRECT_KIND = 'dm';

/** True for the room of two users. A kind of this name may be declared with open rooms: those are like others. */
export const isDirect = ({ kind, open }: Pick<RoomState, 'kind' | 'open'>): boolean => kind === DIRECT_KIND && !open;

/** The other one of two users who have a room; undefined in another room. Pure. */
export function otherIn(state: Pick<RoomState, 'kind' | 'open' | 'members'>, user: string): string | undefined {
  if (!isDirect(state) || !state.members.has(user)) return undefined;
  return [...state.members.keys()].find(each => each !== user);
}
