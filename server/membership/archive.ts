import type { Pair } from '../fold/pair.ts';
import type { RoomState } from '../fold/room-state.ts';
import type { UserRoom } from './room-states.ts';

/**
 * States of rooms and rooms of users in MongoDB, which workers keep there. They lag behind, and are read only while the store of
 * rights may lack some: it has not been filled, or an epoch of LOG has begun and the two were not compared yet. Every call rejects
 * with {@link StoreUnavailable} if MongoDB does not answer.
 */
export interface RoomArchive {
  /** State of a room; null if it was never created. */
  room(room: string): Promise<RoomState | null>;
  /**
   * Rooms of a user, by name, without those that are deleted. Those that the user has left are among them, as `left`, because what
   * the store of rights has may be older; of many, some. The last changed are last.
   */
  roomsOf(user: string): Promise<ReadonlyMap<string, UserRoom>>;
}

/** Acts of users on each other in MongoDB, read as a {@link RoomArchive} is. */
export interface PairArchive {
  /** Acts of two users on each other; null for none. */
  pair(user: string, other: string): Promise<Pair | null>;
}

/** A pair of users in a page: each pair comes twice, once with either of the two as its owner. */
export interface ArchivedPair {
  readonly owner: string;
  readonly other: string;
  readonly pair: Pair;
}

/** All that a {@link RoomArchive} has, in pages: for a worker that fills the store of rights. Rejects as that does. */
export interface MembershipArchive extends RoomArchive {
  /** Rooms by name, after a name; empty for the first page. An empty page is the end. */
  allRooms(after: string, limit: number): Promise<readonly (readonly [room: string, state: RoomState])[]>;
  /**
   * Users with their rooms as {@link roomsOf} has them, after a user; empty for the first page. An empty page is the end.
   * @param limit memberships of a page, which one user alone may exceed
   */
  allUsers(
    after: string,
    limit: number,
  ): Promise<readonly (readonly [user: string, rooms: ReadonlyMap<string, UserRoom>])[]>;
}

/** All that a {@link PairArchive} has, in pages. Rejects as that does. */
export interface PairPages {
  /** Pairs of users, after a place; empty for the first page. An empty page is the end. */
  allPairs(after: string, limit: number): Promise<readonly (readonly [place: string, ArchivedPair])[]>;
}
