import type { KindRules } from '../contract/room-kinds.ts';
import { type RoomState, tellsOf } from '../fold/room-state.ts';
import { membershipOf } from '../membership/membership-of.ts';
import type { RoomStates, UserRoom } from '../membership/room-states.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Refusal } from '../room/control-lane.ts';
import { ReadFailed } from '../room/log.ts';
import { isInbox } from './names.ts';
import { isListed, misnamedRoom, NOT_LISTED, type Policy, publishDenied } from './policy.ts';
import { HIDDEN, mayAct, type RoomAct, readableAbove } from './rights.ts';
import type { Action, Denied, RoomAccess } from './room-access.ts';
import { membershipByToken } from './service.ts';
import type { Identity } from './token.ts';

type Rooms = ReadonlyMap<string, UserRoom>;

export interface RoomRightsOptions {
  readonly policy: Policy;
  readonly states: Pick<RoomStates, 'current' | 'fresh' | 'upTo'> & {
    /** Last known state, of any age; undefined for none. */
    known(room: string): RoomState | undefined;
  };
  readonly users: {
    /** Rooms of a user as of a few seconds ago. */
    current(user: string): Rooms | Promise<Rooms>;
    /** The same by the word of the leader. */
    of(user: string): Promise<Rooms>;
    /** Last known rooms, of any age; undefined for none. */
    known(user: string): Rooms | undefined;
  };
  /** Milliseconds since 1970, for the ends of bans and mutes. */
  readonly wallClock: () => number;
}

/** Act that an action is. */
const ACT_OF: Readonly<Record<Action, RoomAct>> = {
  subscribe: 'read',
  presence: 'read',
  history: 'read',
  send: 'write',
  publish: 'write',
  mentionAll: 'mentionAll',
};

/** Rights of users in rooms, by the kinds, the token and the states of the rooms. */
export class RoomRights {
  readonly #options: RoomRightsOptions;

  constructor(options: RoomRightsOptions) {
    this.#options = options;
  }

  /** Loads the rights of a user, see {@link LoadAccess}: at once if they are in memory. */
  load(identity: Identity, room: string): RoomAccess | Promise<RoomAccess> {
    const { policy, states } = this.#options;
    const rules = this.#rulesOf(room);
    if (!rules) return policy.access(identity, room);
    const state = states.current(room);
    return state instanceof Promise
      ? state.then(loaded => this.#loaded(identity, room, rules, loaded))
      : this.#loaded(identity, room, rules, state);
  }

  /**
   * Version of a room against which a message of a user is checked, right before it is published: a restriction that its gateway
   * has not seen makes the message void. 0 for a room without one.
   * @throws {CommandError} if the user may not write any more
   * @throws {ReadFailed} if the rights were loaded too long ago
   */
  seen(identity: Identity, room: string): number {
    const { user, rooms } = identity;
    const rules = this.#rulesOf(room);
    if (!rules) return 0;
    const state = this.#options.states.known(room);
    if (!state) throw new ReadFailed(`the state of ${room} is not in memory`);
    if (isPlain(rules, state)) return 0;
    const document = needsDocument(rules, state, user) ? this.#options.users.known(user) : undefined;
    if (needsDocument(rules, state, user) && !document) return state.cv;
    const known = membershipByToken(identity, room) ?? membershipOf(state, user, document?.get(room));
    const person = { known, listed: isListed({ rooms }, room), blocks: state.blocks.includes(user) };
    const denied = mayAct({ rules, state, now: this.#options.wallClock() }, person, 'write');
    if (denied) throw new CommandError(denied.error, denied.detail);
    return state.cv;
  }

  /** See {@link RoomControl.refusal}. */
  refusal(room: string, state: RoomState, user: string): Refusal | null {
    const rules = this.#rulesOf(room);
    if (!rules || isPlain(rules, state)) return null;
    const known = state.members.get(user) ?? null;
    if (!tellsOf(state, user) && !state.deleted) return null;
    return mayAct({ rules, state, now: this.#options.wallClock() }, { known, listed: true }, 'read');
  }

  /** See {@link RoomControl.readableAbove}. */
  readableAbove(room: string, state: RoomState, user: string): number | null {
    const rules = this.#rulesOf(room);
    if (!rules || isPlain(rules, state)) return 0;
    if (needsDocument(rules, state, user)) return null;
    return readableAbove(rules, { known: membershipOf(state, user, undefined) });
  }

  /** See {@link RoomControl.confirmed}. */
  async confirmed(room: string, user: string): Promise<Refusal | null> {
    const rules = this.#rulesOf(room);
    if (!rules) return null;
    const { states, users, wallClock } = this.#options;
    const state = await states.fresh(room);
    const document = needsDocument(rules, state, user) ? await users.of(user) : undefined;
    const known = membershipOf(state, user, document?.get(room));
    return mayAct({ rules, state, now: wallClock() }, { known, listed: true }, 'read');
  }

  /** Rules of a room whose rights depend on its state; undefined for an inbox, and for a name that no room can have. */
  #rulesOf(room: string): KindRules | undefined {
    if (isInbox(room)) return undefined;
    const rules = this.#options.policy.kindOf(room);
    return rules && !misnamedRoom(room) ? rules : undefined;
  }

  #loaded(
    identity: Identity,
    room: string,
    rules: KindRules,
    state: RoomState,
    certain = false,
  ): RoomAccess | Promise<RoomAccess> {
    const { users, wallClock } = this.#options;
    const make = (document: Rooms | undefined): RoomAccess => {
      const parts = { identity, room, rules, state, document: document?.get(room), now: wallClock };
      const confirm = certain || isPlain(rules, state) ? null : () => this.#confirm(identity, room, rules);
      return new Rights(parts, offset => this.#upTo(identity, room, rules, offset), confirm);
    };
    if (!needsDocument(rules, state, identity.user)) return make(undefined);
    const document = certain ? users.of(identity.user) : users.current(identity.user);
    return document instanceof Promise ? document.then(make) : make(document);
  }

  async #confirm(identity: Identity, room: string, rules: KindRules): Promise<RoomAccess> {
    return await this.#loaded(identity, room, rules, await this.#options.states.fresh(room), true);
  }

  #upTo(identity: Identity, room: string, rules: KindRules, offset: number): RoomAccess | Promise<RoomAccess> {
    const state = this.#options.states.upTo(room, offset);
    return state instanceof Promise
      ? state.then(loaded => this.#loaded(identity, room, rules, loaded))
      : this.#loaded(identity, room, rules, state);
  }
}

/** True for a room in which nothing restricts anybody: an open one without acts of staff. */
const isPlain = ({ access, write }: KindRules, { cv }: RoomState): boolean =>
  cv === 0 && access === 'Open' && write === 'Everyone';

/** True if the state does not tell whether the user is a member, or since when, and that matters. */
function needsDocument({ access, write, history }: KindRules, state: RoomState, user: string): boolean {
  const known = state.members.get(user);
  const isSinceKnown = known?.state !== 'member' || known.since > 0;
  if (access === 'Members') return !state.full && !(tellsOf(state, user) && isSinceKnown);
  // What a user does in an open room is in the document alone, also after an act of staff.
  return write === 'Members' || history === 'Joined' || known?.rank === 'guest';
}

interface RightsParts {
  readonly identity: Identity;
  readonly room: string;
  readonly rules: KindRules;
  readonly state: RoomState;
  readonly document: UserRoom | undefined;
  readonly now: () => number;
}

class Rights implements RoomAccess {
  readonly upTo: (offset: number) => RoomAccess | Promise<RoomAccess>;
  readonly confirm?: () => Promise<RoomAccess>;
  readonly #parts: RightsParts;

  /** @param confirm null if a refusal is certain */
  constructor(
    parts: RightsParts,
    upTo: (offset: number) => RoomAccess | Promise<RoomAccess>,
    confirm: (() => Promise<RoomAccess>) | null,
  ) {
    this.#parts = parts;
    this.upTo = upTo;
    if (confirm) this.confirm = confirm;
  }

  get readableAbove(): number {
    return readableAbove(this.#parts.rules, { known: this.#known() });
  }

  get since(): number {
    const known = this.#known();
    return known?.state === 'member' ? known.since : 0;
  }

  may(action: Action): Denied | null {
    const { identity, room, rules, state, now } = this.#parts;
    if (!isPlain(rules, state) || action === 'mentionAll') {
      const blocks = state.blocks.includes(identity.user);
      const person = { known: this.#known(), listed: isListed(identity, room), blocks };
      const denied = mayAct({ rules, state, now: now() }, person, ACT_OF[action]);
      if (denied) return denied === HIDDEN && rules.access === 'Claim' ? NOT_LISTED : denied;
    }
    return publishDenied(rules, room, action);
  }

  #known() {
    const { room, state, identity, document } = this.#parts;
    return membershipByToken(identity, room) ?? membershipOf(state, identity.user, document);
  }
}
