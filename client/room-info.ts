import { type ControlEntry, RANKS, type Rank } from '../server/fold/control.ts';
import { foldControl } from '../server/fold/control-fold.ts';
import { otherIn } from '../server/fold/direct.ts';
import { type Membership, NO_ROOM, type RoomState } from '../server/fold/room-state.ts';
import type { Clock } from '../server/time/clock.ts';
import { type CallError, callErrorOf } from './call-error.ts';
import { concerns } from './control-of.ts';
import { RETRY } from './retry.ts';
import type { ParamsOf, ResultOf } from './verbs.ts';

/** The user in a room, as `room.get` answers: relation, rank, and what the user may do there. */
export type Me = ResultOf<'room.get'>['me'];

/** Act that {@link Me.can} lists. */
export type MayDo = Me['can'][number];

type About = ResultOf<'room.get'>;
type Listed = ResultOf<'room.members'>['users'][number];

/** Rules of a kind: users who may read, and users who may send. */
export type KindFacts = Pick<About, 'access' | 'write'>;

export interface RoomMember {
  readonly user: string;
  readonly rank: Rank;
}

/** User who has asked to become a member. */
export interface RoomRequest {
  readonly user: string;
  /** Words of the user; empty for none. */
  readonly note: string;
}

/** User who is banned. */
export interface RoomBan {
  readonly user: string;
  /** Milliseconds since 1970; 0 for no end. */
  readonly until: number;
  /** Empty for none. */
  readonly reason: string;
}

export interface RoomInfoOptions {
  readonly name: string;
  readonly user: string;
  readonly clock: Clock;
  /** Reads, tried again after temporary errors. @throws {CallError} */
  readonly get: (params: ParamsOf<'room.get'>) => Promise<ResultOf<'room.get'>>;
  readonly members: (params: ParamsOf<'room.members'>) => Promise<ResultOf<'room.members'>>;
  readonly onChange: () => void;
}

/**
 * A room's texts, members and rights. Read once, then kept current by the control entries that the room delivers. Empty until
 * {@link open} is called, so that a room which is not shown costs no read.
 */
export class RoomInfo {
  readonly #options: RoomInfoOptions;
  #state: RoomState | null = null;
  #me: Me | null = null;
  #rules: KindFacts | null = null;
  #complete = false;
  #error: CallError | null = null;
  /** Entries that came while the room was being read; null while it is not. */
  #early: ControlEntry[] | null = null;
  #wanted = false;
  #generation = 0;
  #cancelMute: (() => void) | null = null;
  #cancelRetry: (() => void) | null = null;

  constructor(options: RoomInfoOptions) {
    this.#options = options;
  }

  /** State of the room; null while unknown. Its `members` are those of {@link members}, with more about each. */
  get state(): RoomState | null {
    return this.#state;
  }

  /** The other one of two users who have the room; undefined in another room, and while unknown. */
  get other(): string | undefined {
    return this.#state ? otherIn(this.#state, this.#options.user) : undefined;
  }

  /** The user in the room; null while unknown. */
  get me(): Me | null {
    return this.#me;
  }

  /** Error of the last read; null if it succeeded. */
  get error(): CallError | null {
    return this.#error;
  }

  /** Members by rank and then by id, at most some 1,000. */
  get members(): readonly RoomMember[] {
    return this.#users('member').map(([user, { rank }]) => ({ user, rank }));
  }

  /** True if {@link members} are all there are. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Users who have asked to become members. Complete for users who may approve. */
  get requests(): readonly RoomRequest[] {
    return this.#users('requested').map(([user, { note = '' }]) => ({ user, note }));
  }

  /** Users who are banned now. Complete for users who may end bans. */
  get bans(): readonly RoomBan[] {
    const now = this.#options.clock.wallClock();
    return this.#users('banned')
      .map(([user, { bannedUntil: until, note: reason = '' }]) => ({ user, until, reason }))
      .filter(({ until }) => until === 0 || until > now);
  }

  /** Rules of the room's kind; null while unknown. */
  get rules(): KindFacts | null {
    return this.#rules;
  }

  /** End of the user's mute in milliseconds since 1970; 0 for none. */
  get mutedUntil(): number {
    return this.mutedUntilOf(this.#options.user);
  }

  /** End of a user's mute, as {@link mutedUntil}. Of others it is known to users who may mute them. */
  mutedUntilOf(user: string): number {
    const until = this.#state?.members.get(user)?.mutedUntil ?? 0;
    return until > this.#options.clock.wallClock() ? until : 0;
  }

  /** True if the user may do an act now, on some member at least. */
  may(act: MayDo): boolean {
    return this.#me?.can.includes(act) ?? false;
  }

  /** True if the user may do an act on this member: staff acts on lower ranks, and owners on all. */
  mayOn(act: 'kick' | 'ban' | 'mute' | 'role', target: RoomMember): boolean {
    const own = this.#me?.role;
    if (!this.may(act) || own === undefined || target.user === this.#options.user) return false;
    return own === 'owner' || RANKS.indexOf(target.rank) > RANKS.indexOf(own);
  }

  /** Reads the room, unless it was read. */
  open(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    void this.#read();
  }

  /** Reads the room again, if it was opened: entries may have been missed. */
  reload(): void {
    if (this.#wanted) void this.#read();
  }

  close(): void {
    this.#generation += 1;
    this.#cancelMute?.();
    this.#cancelRetry?.();
  }

  /** Takes a control entry of the room. */
  entry(entry: ControlEntry): void {
    if (!this.#wanted) return;
    if (this.#early) this.#early.push(entry);
    else this.#fold(entry);
  }

  #fold(entry: ControlEntry): void {
    const { user, onChange } = this.#options;
    if (!this.#state || entry.cv <= this.#state.cv) return;
    const folded = foldControl(this.#state, entry);
    // An entry is missing, as after a gap that was not recovered.
    if (folded === this.#state) return this.reload();
    this.#state = folded;
    this.#watchMute();
    if (concerns(entry.control, entry.by, user)) void this.#readMe();
    onChange();
  }

  /** Reads everything. Entries that come meanwhile are folded behind it: what they say again changes nothing. */
  async #read(): Promise<void> {
    const generation = ++this.#generation;
    const { name: room, user, get, members, onChange } = this.#options;
    this.#early = [];
    try {
      const about = await get({ room });
      const { can } = about.me;
      const listed = can.includes('read') ? await members({ room }) : { users: [] };
      const others = async (act: MayDo, state: 'requested' | 'banned') =>
        can.includes(act)
          ? (await members({ room, state })).users.map(one => [one.user, membership(state, one)] as const)
          : [];
      const [asking, banned] = [await others('approve', 'requested'), await others('unban', 'banned')];
      if (generation !== this.#generation) return;
      this.#me = about.me;
      this.#rules = { access: about.access, write: about.write };
      this.#complete = listed.cursor === undefined;
      const users = [...asking, ...banned, ...listed.users.map(one => [one.user, membership('member', one)] as const)];
      this.#state = stateOf(about, users, this.#complete, user);
      this.#error = null;
    } catch (thrown) {
      if (generation !== this.#generation) return;
      this.#failed(callErrorOf(thrown));
    }
    const early = this.#early;
    this.#early = null;
    for (const entry of early) this.#fold(entry);
    this.#watchMute();
    onChange();
  }

  /** Reads what the user may do: the rules of the kind, which decide on it, are the server's. */
  async #readMe(): Promise<void> {
    const generation = this.#generation;
    const { name: room, get, onChange } = this.#options;
    try {
      const { me } = await get({ room });
      if (generation !== this.#generation) return;
      // Staff see more of the room than others.
      const more = (['approve', 'unban'] as const).some(act => me.can.includes(act) && !this.may(act));
      this.#me = me;
      this.#error = null;
      if (more) void this.#read();
    } catch (thrown) {
      if (generation !== this.#generation) return;
      this.#failed(callErrorOf(thrown));
    }
    onChange();
  }

  /** Takes note of a failure. A temporary one is tried again: calls give up after some time, and the connection may never break. */
  #failed(error: CallError): void {
    this.#error = error;
    this.#cancelRetry?.();
    this.#cancelRetry = error.temporary ? this.#options.clock.after(RETRY.maxMs, () => this.reload()) : null;
  }

  #watchMute(): void {
    const { clock } = this.#options;
    this.#cancelMute?.();
    this.#cancelMute = null;
    const left = this.mutedUntil - clock.wallClock();
    if (left > 0) this.#cancelMute = clock.after(Math.min(left + 1_000, MOST_WAIT_MS), () => void this.#readMe());
  }

  #users(standing: Membership['state']): (readonly [string, Membership])[] {
    return [...(this.#state?.members ?? [])]
      .filter(([, { state }]) => state === standing)
      .sort(([a, one], [b, other]) => rankOf(one) - rankOf(other) || (a < b ? -1 : 1));
  }
}

/** Longest time of a timer in browsers, about 24 days. */
const MOST_WAIT_MS = 0x7fff_ffff;

const rankOf = ({ rank }: Membership): number => RANKS.indexOf(rank);

function stateOf(
  about: About,
  users: readonly (readonly [string, Membership])[],
  full: boolean,
  user: string,
): RoomState {
  const { kind, access, name, topic, avatar, created, frozen, members: count, cv, me } = about;
  const members = new Map(users);
  if (me.mutedUntil !== undefined) {
    const own = members.get(user) ?? membership('left', { role: 'member', since: 0 });
    members.set(user, { ...own, mutedUntil: me.mutedUntil });
  }
  // The fold takes entries above `cv`; the list may have them already.
  return {
    ...NO_ROOM,
    kind,
    open: access !== 'Members',
    name,
    topic,
    avatar,
    created,
    frozen,
    count,
    cv,
    full,
    members,
  };
}

function membership(state: Membership['state'], listed: Omit<Listed, 'user'>): Membership {
  const { role: rank, since, until = 0, note = listed.reason } = listed;
  const ends = state === 'banned' ? { mutedUntil: 0, bannedUntil: until } : { mutedUntil: until, bannedUntil: 0 };
  return { rank, state, since, cv: 0, ...ends, ...(note === undefined ? {} : { note }) };
}
