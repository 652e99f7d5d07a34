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
