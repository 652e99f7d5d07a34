import { MOST_LISTED, NO_ROOM, type RoomState } from '../../../server/fold/room-state.ts';

/** State of a room with as many members as a state lists, `user 0` to `user 999`. */
export const LARGE_ROOM: RoomState = {
  ...NO_ROOM,
  kind: 'group',
  cv: 1,
  at: 1,
  count: MOST_LISTED,
  members: new Map(
    Array.from({ length: MOST_LISTED }, (_, index) => [
      `user ${index}`,
      { rank: 'member', state: 'member', since: 1, cv: 1, mutedUntil: 0, bannedUntil: 0 },
    ]),
  ),
};
