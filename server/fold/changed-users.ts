import type { RoomState } from './room-state.ts';

/**
 * Users whose relation to a room one entry changed. Pure.
 * @param after state that the entry made of `before`
 */
export function changedUsers(before: RoomState, after: RoomState): readonly string[] {
  if (after.deleted && !before.deleted) return [...new Set([...before.members.keys(), ...after.members.keys()])];
  const changed = [...after.members].filter(([user, known]) => before.members.get(user) !== known);
  const gone = after.full ? [...before.members.keys()].filter(user => !after.members.has(user)) : [];
  return [...changed.map(([user]) => user), ...gone];
}
