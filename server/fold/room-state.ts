import type { Rank } from './control.ts';

/** Members up to which a room's state has all of them. */
export const MOST_LISTED = 1_000;

/** Acts that a state remembers, so that a repeat is recognised. */
export const MOST_DONE = 256;

/**
 * Cuts that a state remembers, as far as 64 KiB (`LIST_BYTES`) hold them: all of staff with names of up to 44 bytes, about 110 with the
 * longest. Leaves have the room that acts of staff do not need, so no number of leaves makes a message count that staff made void.
 */
export const MOST_CUTS = 512;

/**
 * Milliseconds for which a state remembers a cut, a week. LOG has the text of an entry that does not count until the fold `views` has
 * erased it: so this is above any time that MongoDB is away.
 */
export const CUT_MS = 7 * 86_400_000;

/** Notes of requests and bans that a state remembers: with the longest texts some 200 KB of the 1 MB that NATS takes. */
export const MOST_NOTES = 64;

/** Relation of a user to a room. `left`: no member, known for a mute or for the cv. */
export type Standing = 'member' | 'invited' | 'requested' | 'banned' | 'left';

/** A user in a room's state. Times are milliseconds since 1970. */
export interface Membership {
  readonly rank: Rank;
  readonly state: Standing;
  /** Offset of the entry that made the user a member: the first message of the membership is above. 0: not known here. */
  readonly since: number;
  /**
   * Version of the last entry that decided on the membership or the rank. 0: none, the user is listed for a mute alone, and `state`
   * says nothing.
   */
  readonly cv: number;
  /** End of a mute; 0 for none. */
  readonly mutedUntil: number;
  /** End of a ban; 0 for none, or for a ban without end. */
  readonly bannedUntil: number;
  /** Words of the request, or reason of the ban; missing for none, and of all but the latest {@link MOST_NOTES}. */
  readonly note?: string;
}

/** A link into a room. */
export interface Link {
  /** User who made it. */
  readonly by: string;
  /** Most joins with it; 0 for no limit. */
  readonly uses: number;
  /** Joins with it so far. */
  readonly used: number;
  readonly expires: number;
  /** Time of the entry that made it. */
  readonly created: number;
}

/** Entry after which a message decided on an older version does not count any more. */
export interface Cut {
  readonly cv: number;
  readonly offset: number;
  /** Author whose messages are cut; `*` for everybody. */
  readonly user: string;
  readonly time: number;
  /** True for a leave, by which a user restricts nobody else. Missing for acts of staff, and in states of releases before this field. */
  readonly left?: true;
}

/** Act that counted. */
export interface Done {
  readonly user: string;
  readonly id: string;
  readonly cv: number;
  readonly offset: number;
}

/** State of a room: what its control entries up to a version say. Immutable. */
export interface RoomState {
  /** Kind of the room; empty for a room that was never created. */
  readonly kind: string;
  /** True if users join and leave without an entry here: those users are not in {@link members}. */
  readonly open: boolean;
  /** Version: number of the last entry that counted. 0 for a room that was never created. */
  readonly cv: number;
  /** Offset of that entry. */
  readonly at: number;
  readonly name: string;
  readonly topic: string;
  readonly avatar: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly frozen: boolean;
  /** True once deleted or dissolved: nothing counts after it. */
  readonly deleted: boolean;
  /** Members. In an open room those whom entries here made members. */
  readonly count: number;
  /**
   * True if {@link members} has all members. Else it has staff, users of whom more is to be said than that they are members, and
   * the latest changes; all others are in the documents of the users.
   */
  readonly full: boolean;
  readonly members: ReadonlyMap<string, Membership>;
  /** Links that can be used, by the hash of their token. */
  readonly links: ReadonlyMap<string, Link>;
  /** Ascending by cv. */
  readonly cuts: readonly Cut[];
  /** Ascending by cv. */
  readonly ids: readonly Done[];
  /** Users of the room of two who block the other one. */
  readonly blocks: readonly string[];
}

/** State of a room that was never created. */
export const NO_ROOM: RoomState = {
  kind: '',
  open: false,
  cv: 0,
  at: 0,
  name: '',
  topic: '',
  avatar: '',
  created: 0,
  frozen: false,
  deleted: false,
  count: 0,
  full: true,
  members: new Map(),
  links: new Map(),
  cuts: [],
  ids: [],
  blocks: [],
};

/**
 * True if a state tells whether a user is a member: a user whom a state without all members does not list, or lists for a mute
 * alone, may be one. In an open room a user's own join or leave may say more in any case.
 */
export const tellsOf = ({ members, full }: Pick<RoomState, 'members' | 'full'>, user: string): boolean => {
  const known = members.get(user);
  return known ? known.cv > 0 : full;
};

/** The act with an id of a user, if it counted and is remembered. */
export const doneBy = ({ ids }: Pick<RoomState, 'ids'>, user: string, id: string): Done | undefined =>
  ids.findLast(done => done.id === id && done.user === user);

/** A message, edit, delete or reaction at its place in the log. */
export interface Written {
  /** Author; empty for a server. */
  readonly user: string;
  readonly offset: number;
  /** Version of the room that its gateway checked against; 0 for none. */
  readonly seen: number;
}

/**
 * True if an entry is void: its author was restricted before it, by an act that its gateway had not seen. An entry without an author
 * comes from a server, was checked against the rights of no user, and is never void.
 */
export function isCut({ cuts }: Pick<RoomState, 'cuts'>, { user, offset, seen }: Written): boolean {
  for (let at = cuts.length - 1; at >= 0; at--) {
    const cut = cuts[at] as Cut;
    if (cut.cv <= seen || user === '') return false;
    if (cut.offset < offset && (cut.user === '*' || cut.user === user)) return true;
  }
  return false;
}
