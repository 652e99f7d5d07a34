import { isListed, misnamedRoom } from '../access/policy.ts';
import { atLeast, isBanned, mayAct, type Person, type RoomAct, type RoomAtMoment } from '../access/rights.ts';
import type { Denied } from '../access/room-access.ts';
import { membershipByToken } from '../access/service.ts';
import type { Identity } from '../access/token.ts';
import type { KindRules } from '../contract/room-kinds.ts';
import type { Rank } from '../fold/control.ts';
import type { Membership, RoomState } from '../fold/room-state.ts';
import { membershipOf } from '../membership/membership-of.ts';
import type { UserRoom } from '../membership/room-states.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Chat } from './chat.ts';

/** Acts on messages, which services may do in rooms of the system. */
const ON_MESSAGES: ReadonlySet<RoomAct> = new Set(['read', 'write', 'deleteOther', 'mentionAll']);

/** A room at one version, as one user sees it. */
export class RoomView implements RoomAtMoment {
  readonly room: string;
  readonly rules: KindRules;
  readonly state: RoomState;
  readonly now: number;
  readonly #identity: Identity;
  readonly #documents: ReadonlyMap<string, UserRoom | undefined>;

  constructor(parts: Pick<RoomView, 'room' | 'rules' | 'state' | 'now'>, identity: Identity, documents: Documents) {
    this.room = parts.room;
    this.rules = parts.rules;
    this.state = parts.state;
    this.now = parts.now;
    this.#identity = identity;
    this.#documents = documents;
  }

  /** User who looks. */
  get user(): string {
    return this.#identity.user;
  }

  /** The user who looks. */
  get self(): Person {
    const { user } = this.#identity;
    const listed = isListed(this.#identity, this.room);
    return { known: this.known(user), listed, blocks: this.state.blocks.includes(user) };
  }

  /** Relation of a user to the room. Only users of whom the view was loaded, in a room whose state lacks members. */
  known(user: string): Membership | null {
    return membershipOf(this.state, user, this.#documents.get(user));
  }

  /** Rank of a user who is a member; null for another. */
  rank(user: string): Rank | null {
    const known = this.known(user);
    return known?.state === 'member' ? known.rank : null;
  }

  /** True for a user who is banned now. */
  isBanned(user: string): boolean {
    return isBanned({ known: this.known(user) }, this.now);
  }

  /** Decides on an act of the user who looks. @param on user whom the act is on. @param becomes rank that the act gives */
  may(act: RoomAct, on?: string, becomes?: Rank): Denied | null {
    const rank = on === undefined ? null : this.rank(on);
    // A room of the system has no versions: no act on it or on its members would ever be one.
    const byToken = ON_MESSAGES.has(act) ? membershipByToken(this.#identity, this.room) : null;
    return mayAct(
      this,
      byToken ? { ...this.self, known: byToken } : this.self,
      act,
      becomes === undefined ? { rank } : { rank, becomes },
    );
  }

  /** Offset of the join of a member, for an act that makes the state list the member; nothing if the state has it. */
  joinOf(user: string): { readonly since?: number } {
    const since = this.known(user)?.since ?? 0;
    return since > 0 && (this.state.members.get(user)?.since ?? 0) === 0 ? { since } : {};
  }

  /** Refuses an act that {@link may} does not allow. @throws {CommandError} */
  demand(act: RoomAct, on?: string, becomes?: Rank): void {
    const denied = this.may(act, on, becomes);
    if (denied) throw new CommandError(denied.error, denied.detail);
  }

  /** Refuses an act on a user who is not a member. @throws {CommandError} 404 */
  demandMember(user: string): void {
    if (this.rank(user) === null) throw new CommandError(ERRORS.notFound, `${user} is not a member of the room`);
  }

  /** Refuses an act on a user who has not asked to become a member. @throws {CommandError} 404 */
  demandRequest(user: string): void {
    if (this.known(user)?.state !== 'requested')
      throw new CommandError(ERRORS.notFound, `the room has no request of ${user}`);
  }

  /** Refuses more members than the kind allows. @throws {CommandError} 106 */
  demandPlaceFor(members: number): void {
    const { maxMembers } = this.rules;
    if (maxMembers > 0 && members > 0 && this.state.count + members > maxMembers)
      throw new CommandError(ERRORS.limitExceeded, `the room has at most ${maxMembers} members`);
  }

  /** Members of the state with one of the upper ranks. */
  staff(lowest: Rank = 'moderator'): readonly string[] {
    return [...this.state.members]
      .filter(([, { state, rank }]) => state === 'member' && atLeast(rank, lowest))
      .map(([user]) => user);
  }
}

type Documents = ReadonlyMap<string, UserRoom | undefined>;

/** Rules of a room's kind. @throws {CommandError} 102 for a name that no room can have, 107 for one that is too long */
export function rulesFor(chat: Pick<Chat, 'kindOf'>, room: string): KindRules {
  const misnamed = misnamedRoom(room);
  if (misnamed) throw new CommandError(misnamed.error, misnamed.detail);
  const rules = chat.kindOf(room);
  if (!rules) throw new CommandError(ERRORS.unknownChannel, `unknown kind ${room.slice(0, room.indexOf(':'))}`);
  return rules;
}

/**
 * Looks at a room as a user.
 * @param about other users that are asked about
 * @throws {ReadFailed} if NATS does not answer, {@link StoreUnavailable} if MongoDB is needed and does not
 */
export async function viewOf(
  chat: Chat,
  identity: Identity,
  { room, state, about = [] }: { readonly room: string; readonly state: RoomState; readonly about?: readonly string[] },
): Promise<RoomView> {
  const rules = rulesFor(chat, room);
  const users = state.full && state.cv > 0 ? [] : [...new Set([identity.user, ...about])];
  const documents = await Promise.all(
    users.map(async user => [user, (await chat.userRooms.of(user)).get(room)] as const),
  );
  const parts = { room, rules, state, now: chat.clocks.wallClock() };
  return new RoomView(parts, identity, new Map(documents));
}

/** Looks at a room as a caller, by the word of the leader, and refuses who may not read it. @throws {CommandError} 103, 410 */
export async function readerView(chat: Chat, identity: Identity, room: string): Promise<RoomView> {
  rulesFor(chat, room);
  const view = await viewOf(chat, identity, { room, state: await chat.rooms.fresh(room) });
  view.demand('read');
  return view;
}
