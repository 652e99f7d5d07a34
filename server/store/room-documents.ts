import { RANKS, type Rank } from '../fold/control.ts';
import type { Standing } from '../fold/room-state.ts';
import type { MemberPlace } from '../membership/directory.ts';

/** A room: a document in the collection `rooms`. */
export interface RoomDocument {
  /** Name of the room. */
  readonly _id: string;
  readonly kind: string;
  readonly deleted: boolean;
  /** Place among the rooms of its kind, see {@link roomKey}. */
  readonly key: string;
  /** Name for people. */
  readonly name: string;
  readonly cv: number;
  readonly at: number;
  /** State of the room in its JSON form. */
  readonly state: Readonly<Record<string, unknown>>;
}

/** A user's relation to a room: a document in the collection `members`. One who left stays, so that no older entry brings the user back. */
export interface MemberDocument {
  /** See {@link memberId}. */
  readonly _id: string;
  readonly room: string;
  readonly user: string;
  readonly state: Standing;
  readonly rank: Rank;
  /** Place among the members of the room, see {@link placeOf}. */
  readonly key: string;
  readonly since: number;
  /** Version of the control entry that decided on the membership; 0 for none. */
  readonly cv: number;
  /** Offset of the last control entry on the user; 0 for none. */
  readonly at: number;
  /** Version that the user's own last join or leave had seen, and its offset in the inbox; missing for none. */
  readonly seen?: number;
  readonly own?: number;
  readonly mutedUntil: number;
  readonly bannedUntil: number;
}

/** Separator of parts of keys. Neither names of rooms nor users have control characters. */
const SEPARATOR = '\0';

/** Key of a member: rooms have no control characters in their names. */
export const memberId = (room: string, user: string): string => room + SEPARATOR + user;

/** Place of a member: the rank as a digit, then the user. */
export const placeOf = ({ rank, user }: MemberPlace): string => rankDigit(rank) + user;

/** Digit of a rank; higher ranks have lower ones. */
export const rankDigit = (rank: Rank): string => String(RANKS.indexOf(rank));

/** Place of a room: its name in lower case, then the room, so that no two rooms have one place. */
export const roomKey = (name: string, room: string): string => name.toLowerCase() + SEPARATOR + room;
