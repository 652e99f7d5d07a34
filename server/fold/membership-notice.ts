import type { Control, ControlEntry, ControlOf, Rank } from './control.ts';
import { isDirect } from './direct.ts';
import type { RoomState, Standing } from './room-state.ts';

/** Relation of a user to a room, as a notice tells it. A banned user is `left`. */
export interface Noticed {
  readonly state: Exclude<Standing, 'banned'>;
  /** Rank of a member; `member` for others. */
  readonly rank: Rank;
}

/**
 * Body of the entry `member` of a user's inbox, without type, id and time: another relation of the user to a room. An invitation has
 * the type `invite` and the same body. The entry of a join or leave that is the user's own matter has further fields.
 */
export interface MembershipNotice extends Noticed {
  readonly room: string;
  readonly kind: string;
  /** Name of the room for people; empty for none. */
  readonly name: string;
  readonly act: Control['act'];
  /** User who acted. */
  readonly by: string;
  /** Version of the room that the relation is of: a notice with a lower one than another is older. */
  readonly cv: number;
}

const LEFT: Noticed = { state: 'left', rank: 'member' };
const MEMBER: Noticed = { state: 'member', rank: 'member' };
const ranked = (rank: Rank): Noticed => ({ state: 'member', rank });

type Standings = {
  readonly [A in Control['act']]?: (control: ControlOf<A>, user: string, by: string) => Noticed | null;
};

const STANDINGS: Standings = {
  create: ({ members }, user) => rankIn(members, user),
  add: ({ users }, user) => rankIn(users, user),
  invite({ users, approved = [] }, user) {
    if (approved.includes(user)) return MEMBER;
    return users.includes(user) ? { state: 'invited', rank: 'member' } : null;
  },
  accept: (_, user, by) => (user === by ? MEMBER : null),
  join: (_, user, by) => (user === by ? MEMBER : null),
  request: (_, user, by) => (user === by ? { state: 'requested', rank: 'member' } : null),
  decline: (_, user, by) => (user === by ? LEFT : null),
  approve: (control, user) => (user === control.user ? MEMBER : null),
  deny: (control, user) => (user === control.user ? LEFT : null),
  kick: (control, user) => (user === control.user ? LEFT : null),
  ban: (control, user) => (user === control.user ? LEFT : null),
  unban: (control, user) => (user === control.user ? LEFT : null),
  role: (control, user) => (user === control.user ? ranked(control.rank) : null),
  transfer(control, user, by) {
    if (user === control.user) return ranked('owner');
    return user === by ? ranked('admin') : null;
  },
  leave({ heir, dissolves }, user, by) {
    if (user === by || dissolves) return LEFT;
    return user === heir ? ranked('owner') : null;
  },
  delete: () => LEFT,
};

function rankIn(users: readonly { readonly user: string; readonly rank: Rank }[], user: string): Noticed | null {
  const found = users.find(each => each.user === user);
  return found ? ranked(found.rank) : null;
}

/**
 * Relation of a user that an entry makes, whatever later ones make of it. Pure.
 * @returns null for an entry that does not make one: it is not about the user, or leaves the relation as it is
 */
export function standingAfter({ control, by }: Pick<ControlEntry, 'control' | 'by'>, user: string): Noticed | null {
  const find = STANDINGS[control.act] as ((control: Control, user: string, by: string) => Noticed | null) | undefined;
  return find?.(control, user, by) ?? null;
}

/**
 * Notice of an entry for a user. Pure.
 * @param state of the room with the entry
 * @returns null if the user is not to be told: the entry is not about the user, ends a room that the user was not in, or makes the
 * room of two users, who are told with its first message
 */
export function noticeOf(room: string, entry: ControlEntry, user: string, state: RoomState): MembershipNotice | null {
  const { control, by, cv } = entry;
  if (control.act === 'create' && isDirect(state)) return null;
  const known = state.members.get(user);
  const endsForAll = control.act === 'delete' || (control.act === 'leave' && control.dissolves);
  if (endsForAll && user !== by && (!known || known.state === 'banned' || known.state === 'left')) return null;
  const isMuted = control.act === 'mute' && control.user === user;
  // A mute is on members alone. The state of an open room lacks those who joined by themselves.
  const muted = isMuted ? ranked(known?.state === 'member' ? known.rank : 'member') : null;
  const noticed = standingAfter(entry, user) ?? muted;
  return noticed && { room, kind: state.kind, name: state.name, act: control.act, by, cv, ...noticed };
}
