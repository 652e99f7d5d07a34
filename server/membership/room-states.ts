import type { Membership, RoomState } from '../fold/room-state.ts';
import type { OwnMembership } from '../room/room-changes.ts';

/** States of rooms, as rights and acts need them. */
export interface RoomStates {
  /**
   * State of a room, at most 10 s old. A room that was never created has {@link NO_ROOM}.
   * @returns a promise only if the state has to be loaded. It rejects with {@link ReadFailed} or {@link StoreUnavailable}.
   */
  current(room: string): RoomState | Promise<RoomState>;
  /**
   * State with every control entry up to an offset, perhaps with later ones.
   * @returns a promise only if the leader has to be asked. It rejects as {@link fresh} does.
   */
  upTo(room: string, offset: number): RoomState | Promise<RoomState>;
  /**
   * State with every entry that was acknowledged before the call, by the word of the leader: for decisions, and for refusals.
   * @throws {ReadFailed} if NATS does not answer, {@link StoreUnavailable} if MongoDB is needed and does not
   */
  fresh(room: string): Promise<RoomState>;
  /**
   * State as of {@link fresh}, for an act that makes its next version. If LOG has lost the entry of the version, in a loss or with an
   * earlier epoch, a snapshot is published first: readers may lack entries before it, and would not count the act.
   * @throws as {@link fresh}, {@link PublishFailed}
   */
  renewed(room: string): Promise<RoomState>;
  /**
   * Makes a state that was just committed known to all gateways: writes the room, then the users. Never rejects: what
   * is not written here is written by the worker.
   * @param users users whose relation to the room changed
   */
  committed(room: string, state: RoomState, users: readonly string[]): Promise<void>;
}

/** A room in the document of a user. */
export interface UserRoom extends Pick<Membership, 'state' | 'rank' | 'since' | 'cv'> {
  readonly kind: string;
  /** Offset in the user's inbox of the user's own join or leave that it comes from. Missing for one that comes from the room's log. */
  readonly own?: number;
  /** The other user, of the room of two users. Missing if it is only known from the state of the room. */
  readonly other?: string;
}

/** Documents of users. */
export interface UserRooms {
  /**
   * Rooms of a user by name, as the leader has them: those that the user is a member of, is invited to or has asked for.
   * @throws {ReadFailed} if NATS does not answer, {@link StoreUnavailable} if MongoDB is needed and does not
   */
  of(user: string): Promise<ReadonlyMap<string, UserRoom>>;
  /**
   * Names rooms that a user has left, or was removed from: the last ones of many. They may be the user's again. Rejects as {@link of} does.
   */
  left(user: string): Promise<readonly string[]>;
  /**
   * Makes a user's own join or leave, which was just stored, known to all gateways: writes the document. Never rejects: what is not
   * written here is written by the worker.
   */
  acted(own: OwnMembership): Promise<void>;
}
