import type { KindRules } from '../contract/room-kinds.ts';
import { RANKS, type Rank } from '../fold/control.ts';
import { DIRECT_KIND } from '../fold/direct.ts';
import type { Membership, RoomState } from '../fold/room-state.ts';
import { ERRORS, type ErrorCode } from '../protocol/codes.ts';
import type { Denied } from './room-access.ts';

/** Acts that follow from a rank alone, with the lowest rank that may. `over`: on members of a lower rank only, an owner on all. */
const BY_RANK = {
  deleteOther: { lowest: 'moderator', over: true },
  mentionAll: { lowest: 'moderator', over: false },
  topic: { lowest: 'moderator', over: false },
  settings: { lowest: 'admin', over: false },
  freeze: { lowest: 'moderator', over: false },
  approve: { lowest: 'moderator', over: false },
  kick: { lowest: 'moderator', over: true },
  ban: { lowest: 'moderator', over: true },
  unban: { lowest: 'moderator', over: false },
  mute: { lowest: 'moderator', over: true },
  role: { lowest: 'admin', over: true },
  transfer: { lowest: 'owner', over: false },
  delete: { lowest: 'owner', over: false },
} as const satisfies Readonly<Record<string, { readonly lowest: Rank; readonly over: boolean }>>;

/** Acts whose lowest rank the kind decides. */
const BY_KIND = ['invite', 'add', 'link'] as const;

/** Acts on the own membership. */
const OWN = ['join', 'request', 'accept', 'decline', 'leave'] as const;

/** Acts in a room, as rights know them. `topic`: the topic alone; `settings`: name and avatar; `link`: links of all members. */
export const ACTS = [
  'read',
  'write',
  ...OWN,
  ...BY_KIND,
  ...(Object.keys(BY_RANK) as (keyof typeof BY_RANK)[]),
] as const;

/** Act in a room. */
export type RoomAct = (typeof ACTS)[number];

/** A room at a moment. */
export interface RoomAtMoment {
  readonly rules: KindRules;
  readonly state: Pick<RoomState, 'kind' | 'cv' | 'frozen' | 'deleted' | 'blocks'>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A user at a moment. */
export interface Person {
  /** Relation to the room, from its state or from the user's document; null for none. */
  readonly known: Membership | null;
  /** True if the user's token lists the room. */
  readonly listed: boolean;
  /** True if the user blocks the other one of two. Default: false. */
  readonly blocks?: boolean;
}

/** Answer for what a user may not see: the same as for what does not exist, byte for byte. */
export const HIDDEN: Denied = {
  error: ERRORS.permissionDenied,
  detail: 'permission denied: the room does not exist or is not yours',
};

const denied = (error: ErrorCode, detail: string): Denied => ({ error, detail });

/** Answer to an act on a user whom the caller blocks. */
export const BLOCKS: Denied = denied(ERRORS.conflict, 'you have blocked this user');

/** Answer to who lacks a rank. */
export const lacksRank = (lowest: Rank): Denied =>
  denied(ERRORS.permissionDenied, `permission denied: it takes the rank ${lowest}`);

/** Rank of a user who is a member now; null for another. */
export const rankOf = ({ known }: Pick<Person, 'known'>): Rank | null =>
  known?.state === 'member' ? known.rank : null;

/** True if a rank is another one or above it. */
export const atLeast = (rank: Rank | null, lowest: Rank): boolean =>
  rank !== null && RANKS.indexOf(rank) <= RANKS.indexOf(lowest);

/** True for a user who is a member, is invited or has asked to become a member. */
export const hasPlace = ({ known }: Pick<Person, 'known'>): boolean =>
  known?.state === 'member' || known?.state === 'invited' || known?.state === 'requested';

/** True for a user who is banned now. */
export const isBanned = ({ known }: Pick<Person, 'known'>, now: number): boolean =>
  known?.state === 'banned' && (known.bannedUntil === 0 || known.bannedUntil > now);

/**
 * Decides on an act of a user in a room. Pure.
 * @param target member whom the act is on, and for `role` and `add` the rank that the member gets
 * @returns null if it is allowed
 */
export function mayAct(
  place: RoomAtMoment,
  actor: Person,
  act: RoomAct,
  target: { readonly rank: Rank | null; readonly becomes?: Rank } = { rank: null },
): Denied | null {
  const { rules, state, now } = place;
  if (isBanned(actor, now))
    return rules.access === 'Members' ? HIDDEN : denied(ERRORS.permissionDenied, 'permission denied: you are banned');
  if (state.deleted) return knows(rules, actor) ? denied(ERRORS.gone, 'the room is deleted') : HIDDEN;
  if (isOwnAct(act)) return mayDecideOnOwn(place, actor, act);
  const unseen = mayRead(rules, actor);
  if (act === 'read' || unseen) return unseen;
  if (act === 'write') return mayWrite(place, actor);
  const rank = rankOf(actor);
  const { lowest, over } = rightOf(place, act);
  if (!atLeast(rank, lowest)) return lacksRank(lowest);
  return over && rank !== 'owner' ? below(rank, target) : null;
}

/** Acts that a user may do, on some member at least. */
export const allowedActs = (place: RoomAtMoment, actor: Person): readonly RoomAct[] =>
  ACTS.filter(act => mayAct(place, actor, act) === null);

/**
 * Offset above which a user may read messages of a room: that of the join where the kind shows no older ones, and for guests.
 */
export const readableAbove = (
  { history }: Pick<KindRules, 'history'>,
  { known }: { readonly known: Pick<Membership, 'rank' | 'since'> | null },
): number => (history === 'Joined' || known?.rank === 'guest' ? (known?.since ?? 0) : 0);

const isOwnAct = (act: RoomAct): act is (typeof OWN)[number] => (OWN as readonly string[]).includes(act);

function rightOf(place: RoomAtMoment, act: Exclude<RoomAct, 'read' | 'write' | (typeof OWN)[number]>) {
  if (act !== 'invite' && act !== 'add' && act !== 'link') return BY_RANK[act];
  // The two users of a room have it for themselves, whatever the kind says.
  const invite = isOfTwo(place) ? 'Admin' : place.rules.invite;
  return { lowest: invite.toLowerCase() as Lowercase<KindRules['invite']>, over: act === 'add' };
}

/** True for the room of two users: both are plain members, and neither leaves. */
const isOfTwo = ({ rules, state }: RoomAtMoment): boolean => rules.access === 'Members' && state.kind === DIRECT_KIND;

/** The rank that an act is on must be below that of the actor, and so must a rank of staff that it gives. */
function below(rank: Rank | null, target: { readonly rank: Rank | null; readonly becomes?: Rank }): Denied | null {
  const gives = atLeast(target.becomes ?? null, 'moderator') ? target.becomes : null;
  const high = [target.rank, gives ?? null].find(other => other !== null && atLeast(other, rank ?? 'guest'));
  return high ? denied(ERRORS.permissionDenied, `permission denied: ${rank} may not act on the rank ${high}`) : null;
}

function mayRead({ access }: KindRules, actor: Person): Denied | null {
  if (access === 'Open' || (access === 'Claim' && actor.listed) || rankOf(actor) !== null) return null;
  return HIDDEN;
}

function mayWrite(place: RoomAtMoment, actor: Person): Denied | null {
  const { rules, state, now } = place;
  // Who is blocked is answered as in a room where members do not write.
  if (isOfTwo(place) && state.blocks.length > 0) return actor.blocks ? BLOCKS : lacksRank('moderator');
  const rank = rankOf(actor);
  const isStaff = atLeast(rank, 'moderator');
  const mutedUntil = actor.known?.mutedUntil ?? 0;
  if (mutedUntil > now)
    return denied(ERRORS.readOnly, `you are muted in this room until ${new Date(mutedUntil).toISOString()}`);
  if (state.frozen && !isStaff) return denied(ERRORS.readOnly, 'the room is frozen');
  if (rules.write === 'Everyone' || isStaff || (rules.write === 'Members' && atLeast(rank, 'member'))) return null;
  return lacksRank(rules.write === 'Members' ? 'member' : 'moderator');
}

function mayDecideOnOwn(place: RoomAtMoment, actor: Person, act: (typeof OWN)[number]): Denied | null {
  const { rules, state } = place;
  const isInvited = actor.known?.state === 'invited';
  if (act === 'accept' || act === 'decline') return isInvited ? null : invisible(rules, actor, 'you are not invited');
  if (act === 'leave') {
    if (rankOf(actor) === null) return invisible(rules, actor, 'you are no member');
    return isOfTwo(place) ? denied(ERRORS.notAvailable, 'the room of two users is not left') : null;
  }
  if (state.cv === 0 && rules.access === 'Members') return HIDDEN;
  if (rules.access === 'Claim' && !actor.listed) return HIDDEN;
  return act === 'join' ? mayJoin(rules, actor, isInvited) : mayRequest(rules, actor);
}

function mayJoin(rules: KindRules, actor: Person, isInvited: boolean): Denied | null {
  if (rankOf(actor) !== null) return invisible(rules, actor, 'you are a member');
  return rules.join === 'Anyone' || isInvited ? null : invisible(rules, actor, 'the room is not open to join');
}

function mayRequest(rules: KindRules, actor: Person): Denied | null {
  if (rules.join !== 'Request') return invisible(rules, actor, 'the room takes no requests');
  return hasPlace(actor) ? invisible(rules, actor, 'you are a member, invited or have asked') : null;
}

/** Refusal with its reason for users who may know of the room; {@link HIDDEN} for others. */
const invisible = (rules: KindRules, actor: Person, reason: string): Denied =>
  knows(rules, actor) ? denied(ERRORS.permissionDenied, `permission denied: ${reason}`) : HIDDEN;

const knows = (rules: KindRules, actor: Person): boolean =>
  (actor.known !== null && actor.known.state !== 'left') || mayRead(rules, actor) === null;
