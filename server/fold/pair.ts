/** Act of a user on the friendship with another one. */
export type FriendAct = 'request' | 'accept' | 'decline' | 'remove';

/** Act of a user on another one. `block` ends the friendship too. */
export type ContactAct = FriendAct | 'block' | 'unblock';

/** Entry `contact` of a user's inbox: one act on another user. */
export interface Contact {
  /** User who acted, and whose inbox has the entry. */
  readonly user: string;
  readonly other: string;
  /** Offset in the log of the inbox: of two entries of a user the higher one counts. It rises over epochs too. */
  readonly offset: number;
  /** Id of the act, which the client made. */
  readonly id: string;
  readonly act: ContactAct;
  /** Offset up to which the other user's acts for the friendship do not count any more, see {@link endedBy}; 0 for none. */
  readonly of: number;
  /** Way in which a `block` ends the friendship: `remove` if the other user is to see it, else `decline`. */
  readonly ends: 'remove' | 'decline';
  /** Words with a request; empty for none. */
  readonly note: string;
}

/** Last act of a user in a register: its offset, and its id, by which the same act is known when it is sent again. */
interface LastAct {
  readonly at: number;
  readonly id: string;
}

/** Last act of a user on the friendship. */
interface Friendship extends LastAct {
  readonly act: FriendAct;
  /** See {@link Contact.of}. */
  readonly of: number;
}

interface Block extends LastAct {
  readonly on: boolean;
}

/** Acts of one user of a pair. Each register has the last write by the offsets of this user's own inbox; null for none. */
export interface PairSide {
  readonly friend: Friendship | null;
  readonly block: Block | null;
}

/** Two users, in the order of their ids. */
export type PairUsers = readonly [smaller: string, greater: string];

/** Acts of two users on each other, in the order of {@link PairUsers}. */
export type Pair = readonly [smaller: PairSide, greater: PairSide];

/** Relation of a user to another one, as the user may know it but for {@link blocked}. */
export interface Relation {
  /**
   * `friend`: both asked or accepted. `out`: the user asked, and the other has not accepted; also if the request was declined, which
   * stays unknown to the user. `in`: the other asked.
   */
  readonly state: 'friend' | 'out' | 'in' | 'none';
  /** True if the user blocks the other. */
  readonly blocks: boolean;
  /** True if the other blocks the user. Never to be shown to the user. */
  readonly blocked: boolean;
}

const NO_SIDE: PairSide = { friend: null, block: null };

/** Two users who have not acted on each other. */
export const NO_PAIR: Pair = [NO_SIDE, NO_SIDE];

/** Two users in their order. Ids are compared by UTF-16 code units. */
export const pairUsers = (user: string, other: string): PairUsers => (user < other ? [user, other] : [other, user]);

/** Sides of a pair: of the user, and of the other. */
export const sidesOf = (pair: Pair, user: string, other: string): readonly [own: PairSide, theirs: PairSide] =>
  user < other ? pair : [pair[1], pair[0]];

/** Pair with one more act. Acts may come in any order, and again. Pure. @returns the same pair if the act is not later */
export function withContact(pair: Pair, contact: Contact): Pair {
  const { user, other, act, of, offset: at, id, ends } = contact;
  const friend = act === 'unblock' ? null : { at, id, act: act === 'block' ? ends : act, of };
  const block = act === 'block' || act === 'unblock' ? { at, id, on: act === 'block' } : null;
  const added: PairSide = { friend, block };
  return mergedPair(pair, user < other ? [added, NO_SIDE] : [NO_SIDE, added]);
}

/** Pair with all that two places know of it, in any order. Pure. @returns the same pair if the other place knows nothing more */
export function mergedPair(pair: Pair, more: Pair): Pair {
  const sides: Pair = [mergedSide(pair[0], more[0]), mergedSide(pair[1], more[1])];
  return sides[0] === pair[0] && sides[1] === pair[1] ? pair : sides;
}

function mergedSide(side: PairSide, more: PairSide): PairSide {
  const friend = later(side.friend, more.friend);
  const block = later(side.block, more.block);
  return friend === side.friend && block === side.block ? side : { friend, block };
}

const later = <R extends { readonly at: number }>(known: R | null, next: R | null): R | null =>
  next && next.at > (known?.at ?? 0) ? next : known;

/** Relation of a user to another one. Pure. */
export function relationOf(pair: Pair, user: string, other: string): Relation {
  const [own, theirs] = sidesOf(pair, user, other);
  const blocks = own.block?.on === true;
  const blocked = theirs.block?.on === true;
  return { state: blocks ? 'none' : stateOf(own, theirs, blocked), blocks, blocked };
}

function stateOf(own: PairSide, theirs: PairSide, blocked: boolean): Relation['state'] {
  const isWanted = wants(own, theirs);
  const isAsked = wants(theirs, own);
  if (isWanted && isAsked && !blocked) return 'friend';
  // A decline is silent: it looks like a request without an answer.
  if (isWanted || (asks(own) && theirs.friend?.act === 'decline')) return 'out';
  return isAsked ? 'in' : 'none';
}

/** True if the last act of a user was for the friendship. */
const asks = ({ friend }: PairSide): boolean => friend?.act === 'request' || friend?.act === 'accept';

/** True if a user wants the friendship: the other one has not ended it since. */
const wants = (own: PairSide, theirs: PairSide): boolean =>
  asks(own) && (theirs.friend?.of ?? 0) < (own.friend?.at ?? 0);

/**
 * Offset up to which an act ends what the other user has done for the friendship, as far as the actor saw. A request or an accept
 * keeps what the actor ended before: after a remove both have to agree again. A decline is taken back by it. Pure.
 */
export function endedBy(pair: Pair, user: string, other: string, act: ContactAct): number {
  const [own, theirs] = sidesOf(pair, user, other);
  if (act !== 'request' && act !== 'accept') return theirs.friend?.at ?? 0;
  return own.friend && own.friend.act !== 'decline' ? own.friend.of : 0;
}

const FRIEND_ACTS: ReadonlySet<unknown> = new Set<FriendAct>(['request', 'accept', 'decline', 'remove']);
const isFriendAct = (act: unknown): act is FriendAct => FRIEND_ACTS.has(act);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Reads the body of an entry `contact`. Pure. @returns null for any other entry */
export function readContact(
  { type, offset, user }: { readonly type: string; readonly offset: number; readonly user: string },
  data: unknown,
): Contact | null {
  if (type !== 'contact' || typeof data !== 'object' || data === null) return null;
  const { id, user: other, act, of = 0, ends, note } = data as Readonly<Record<string, unknown>>;
  if (typeof id !== 'string' || typeof other !== 'string' || other === user || !isCount(of)) return null;
  if (!isFriendAct(act) && act !== 'block' && act !== 'unblock') return null;
  const end = ends === 'remove' ? 'remove' : 'decline';
  return { user, other, offset, id, act, of, ends: end, note: typeof note === 'string' ? note : '' };
}

/** Pair as JSON: `[own acts of the smaller id, of the greater one]`. */
export const pairJson = (pair: Pair): unknown => pair;

/** Reads {@link pairJson}. Pure. @returns null if it is none */
export function readPair(value: unknown): Pair | null {
  if (!Array.isArray(value) || value.length !== 2) return null;
  const [smaller, greater] = value.map(readSide);
  return smaller && greater ? [smaller, greater] : null;
}

function readSide(value: unknown): PairSide | null {
  if (typeof value !== 'object' || value === null) return null;
  const { friend, block } = value as { readonly friend?: unknown; readonly block?: unknown };
  return { friend: readFriend(friend), block: readBlock(block) };
}

function readFriend(value: unknown): PairSide['friend'] {
  const { at, id, act, of } = (value ?? {}) as Partial<Record<keyof Friendship, unknown>>;
  return isCount(at) && typeof id === 'string' && isFriendAct(act) && isCount(of) ? { at, id, act, of } : null;
}

function readBlock(value: unknown): PairSide['block'] {
  const { at, id, on } = (value ?? {}) as Partial<Record<keyof Block, unknown>>;
  return isCount(at) && typeof id === 'string' && typeof on === 'boolean' ? { at, id, on } : null;
}
