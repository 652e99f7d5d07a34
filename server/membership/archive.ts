import type { RoomState } from '../fold/room-state.ts';
import type { UserRoom } from './room-states.ts';

/**
 * States of rooms and rooms of users in MongoDB, which workers keep there. They lag behind, and are read only while the store of
 * rights has not been filled. Every call rejects with {@link StoreUnavailable} if MongoDB does not answer.
 */
export interface RoomArchive {
  /** State of a room; null if it was never created. */
  room(room: string): Promise<RoomState | null>;
  /** Rooms of a user, by name. */
  roomsOf(user: string): Promise<ReadonlyMap<string, UserRoom>>;
}

/** A member of any room. */
export interface ArchivedMember {
  /** Place among all members. */
  readonly place: string;
  readonly room: string;
  readonly user: string;
  readonly known: UserRoom;
}

/** All that a {@link RoomArchive} has, in pages: for a worker that fills the store of rights. Rejects as that does. */
export interface MembershipArchive extends RoomArchive {
  /** Rooms by name, after a name; empty for the first page. An empty page is the end. */
  allRooms(after: string, limit: number): Promise<readonly (readonly [room: string, state: RoomState])[]>;
  /** Members by place, after a place; empty for the first page. An empty page is the end. */
  allMembers(after: string, limit: number): Promise<readonly ArchivedMember[]>;
}
