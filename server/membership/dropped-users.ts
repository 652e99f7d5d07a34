import type { RoomState } from '../fold/room-state.ts';
import type { UserRoom } from './room-states.ts';
import { userRoomOf } from './user-documents.ts';

/**
 * Users whom older states of a room list and a later one does not, with what it makes of them in their documents. They are written
 * before the later one replaces the others, in LOG or in POLICY: no entry names them, so after that nobody finds them. Pure.
 */
export function droppedUsers(
  before: readonly RoomState[],
  latest: RoomState,
): readonly (readonly [user: string, next: UserRoom])[] {
  const users = new Set(before.flatMap(({ members }) => [...members.keys()]));
  return [...users].flatMap(user => {
    const next = latest.members.has(user) ? null : userRoomOf(latest, user);
    return next ? [[user, next] as const] : [];
  });
}
