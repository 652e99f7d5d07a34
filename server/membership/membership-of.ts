import type { Membership, RoomState } from '../fold/room-state.ts';
import type { UserRoom } from './room-states.ts';

/**
 * Relation of a user to a room, by the room's state and by the user's document. Of both the later word counts: the document names
 * the version of the room that it was written at. Rank and mute are the room's, but
 * for the rank of a user whom the state lists for a mute alone. Pure.
 * @param document of the room in the user's document; undefined for none
 * @returns null for none
 */
export function membershipOf(state: RoomState, user: string, document: UserRoom | undefined): Membership | null {
  const listed = state.members.get(user);
  // A room that was never created may have members by their own word.
  if ((state.full && state.cv > 0) || !document) return listed ?? null;
  const { rank, since, cv } = document;
  if (!listed) return { rank, state: document.state, since, cv, mutedUntil: 0, bannedUntil: 0 };
  const keepsRank = listed.cv > 0 && listed.state === 'member' && document.state === 'member';
  if (listed.cv > cv) return { ...listed, since: listed.since || since };
  return { ...listed, state: document.state, since, cv, ...(keepsRank ? {} : { rank }) };
}
