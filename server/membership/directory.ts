import type { Rank } from '../fold/control.ts';

/** A member in a list. */
export interface ListedMember {
  readonly user: string;
  readonly rank: Rank;
  /** Offset of the join; 0 if it is not known. */
  readonly since: number;
}

/** Place of a member in a list: by rank, then by id of the user, so that joins and leaves of others move nobody. */
export interface MemberPlace {
  readonly rank: Rank;
  readonly user: string;
}

/** Part of a list of members. */
export interface MemberPage {
  /** The list begins after this member; null for its beginning. */
  readonly after: MemberPlace | null;
  /** At least 1. */
  readonly limit: number;
  /** Only members of this rank. */
  readonly rank?: Rank;
  /** Only users whose id begins with it. */
  readonly prefix?: string;
}

/** A room in a list. */
export interface ListedRoom {
  readonly room: string;
  readonly name: string;
  readonly topic: string;
  readonly avatar: string;
  readonly members: number;
  /** Place in the list, for the next page. */
  readonly place: string;
}

/** Part of a list of rooms by name. */
export interface RoomPage {
  readonly kind: string;
  /** The list begins after this place; empty for its beginning. */
  readonly after: string;
  /** At least 1. */
  readonly limit: number;
  /** Only rooms whose name begins with it, in any case of letters. */
  readonly prefix?: string;
}

/**
 * Lists of rooms and members that states of rooms do not have, from MongoDB. They lag behind the log by what its worker lags. Each
 * call rejects with {@link StoreUnavailable}, and with nothing else, if MongoDB does not answer.
 */
export interface RoomDirectory {
  /** Members of a room, in the order of {@link MemberPlace}. */
  listMembers(room: string, page: MemberPage): Promise<readonly ListedMember[]>;
  /** Rooms of a kind that are not deleted, by name. Rooms that nobody created are in no list. */
  listRooms(page: RoomPage): Promise<readonly ListedRoom[]>;
  /** Names of at most 1,000 rooms. Rooms that nobody created, or that the worker has not seen yet, are missing. */
  roomNames(rooms: readonly string[]): Promise<ReadonlyMap<string, string>>;
}
