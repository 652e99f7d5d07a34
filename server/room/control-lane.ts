import { type ControlEntry, readControl } from '../fold/control.ts';
import { foldControl } from '../fold/control-fold.ts';
import { isCut, NO_ROOM, type RoomState } from '../fold/room-state.ts';
import type { ErrorCode } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Member } from './member.ts';
import { dataOf, PAIR, type StoredMessage } from './message.ts';

/** Reason for which a user may not read a room. */
export interface Refusal {
  readonly error: ErrorCode;
  readonly detail: string;
}

/** States of rooms, as open rooms need them. Calls for several rooms and users may run at the same time. */
export interface RoomControl {
  /**
   * Loads the state of a room, with every control entry up to an offset that is read meanwhile, and perhaps with later ones. A room
   * that has no control entries has {@link NO_ROOM}.
   * @throws {ReadFailed} if NATS does not answer, {@link StoreUnavailable} if MongoDB is needed and does not
   */
  load(room: string, top: Promise<number>): Promise<RoomState>;
  /** Decides whether a user may read a room in a state. @returns null if so, and if the state does not tell */
  refusal(room: string, state: RoomState, user: string): Refusal | null;
  /** Offset above which a user who may read a room in a state may read its entries; null if the state does not tell. */
  readableAbove(room: string, state: RoomState, user: string): number | null;
  /** Decides {@link refusal} by the word of the leader. @throws as {@link load} does */
  confirmed(room: string, user: string): Promise<Refusal | null>;
  /** Takes note that LOG ends below an offset that the room has delivered: LOG lost its last entries. */
  lost(room: string, epoch: string, offset: number): void;
  /** Takes note of an entry of the inbox that names a room of its user, or another user. */
  noted(inbox: string, entry: StoredMessage): void;
}

/** Types of entries of an inbox that gateways take note of. No other room has such entries, but for control entries. */
const NOTED: ReadonlySet<string> = new Set(['member', 'contact', 'friend', PAIR, 'me']);

/** True for a type of entries that a {@link ControlLane} takes. */
export const isOfLane = (type: string): boolean => type === 'room' || NOTED.has(type);

/** Member on its way into a room. */
export interface Joiner {
  readonly member: Member;
  /** Offset of the entry that took the room from its user, the last one that the member may get; 0 for none. */
  cut: number;
}

/** The room that a control lane belongs to. */
export interface LaneRoom {
  readonly name: string;
  readonly members: ReadonlySet<Member>;
  readonly closed: boolean;
  /** Runs `attempt` until it resolves or the room is closed; failures are reported and repeated after a pause. */
  untilDone(attempt: () => Promise<void>): Promise<void>;
  /** Reads the offset of the room's last message, from the leader. */
  top(): Promise<number>;
}

/** Reads a control entry. @returns null for any other entry */
export function controlOf(message: StoredMessage): ControlEntry | null {
  return message.cv === 0 ? null : readControl(message, dataOf(message));
}

/**
 * Control entries of one open room: folds them as they are delivered, and ends the subscriptions of users who may not read the room
 * after one of them.
 */
export class ControlLane {
  /** State after all control entries that were delivered, perhaps with later ones. */
  state: RoomState = NO_ROOM;
  readonly #room: LaneRoom;
  readonly #control: RoomControl;
  /** Members that are joining: they keep the room open. Null for none, as in most rooms most of the time. */
  #joiners: Set<Joiner> | null = null;
  #reloading = false;

  constructor(room: LaneRoom, control: RoomControl) {
    this.#room = room;
    this.#control = control;
  }

  get joining(): number {
    return this.#joiners?.size ?? 0;
  }

  /** Loads the state, see {@link RoomControl.load}. */
  async open(top: Promise<number>): Promise<void> {
    this.state = await this.#control.load(this.#room.name, top);
  }

  /** Adds a member that joins, until {@link leave}. */
  join(member: Member): Joiner {
    const joiner: Joiner = { member, cut: 0 };
    this.#joiners ??= new Set();
    this.#joiners.add(joiner);
    return joiner;
  }

  leave(joiner: Joiner): void {
    this.#joiners?.delete(joiner);
    if (this.#joiners?.size === 0) this.#joiners = null;
  }

  /**
   * Checks that a user may read the room.
   * @returns a promise only if the leader has to be asked
   * @throws {CommandError} or rejects with it, if not
   */
  admit(user: string): Promise<void> | undefined {
    if (!this.#control.refusal(this.#room.name, this.state, user)) return undefined;
    return this.#control.confirmed(this.#room.name, user).then(refusal => {
      if (refusal) throw new CommandError(refusal.error, refusal.detail);
    });
  }

  /** See {@link RoomControl.readableAbove}. */
  readableAbove(user: string): number | null {
    return this.#control.readableAbove(this.#room.name, this.state, user);
  }

  /** True for an entry that does not count, because its author was restricted before it: it is shown nowhere. */
  voids(message: StoredMessage): boolean {
    return message.cv === 0 && isCut(this.state, message);
  }

  /** Takes an entry of a type of {@link isOfLane}, once all members have got it. */
  delivered(message: StoredMessage): void {
    if (message.cv === 0) {
      if (NOTED.has(message.type)) this.#control.noted(this.#room.name, message);
      return;
    }
    const entry = controlOf(message);
    if (!entry) return;
    const before = this.state;
    this.state = foldControl(before, entry);
    if (entry.control.act === 'snapshot' || entry.cv > this.state.cv) void this.#reload();
    const user = restrictedBy(entry);
    if (user !== null) this.#cut(user, entry.offset);
  }

  /** Ends the subscriptions of a user, or of all for `*`, if the state refuses them. */
  #cut(user: string, offset: number): void {
    const isRefused = (member: Member) =>
      (user === '*' || member.user === user) &&
      this.#control.refusal(this.#room.name, this.state, member.user) !== null;
    for (const joiner of this.#joiners ?? []) if (joiner.cut === 0 && isRefused(joiner.member)) joiner.cut = offset;
    for (const member of [...this.#room.members].filter(isRefused)) member.removed(this.#room.name);
  }

  /** Loads the state anew, because entries are missing before one that was delivered, and compares all members with it. */
  async #reload(): Promise<void> {
    if (this.#reloading) return;
    this.#reloading = true;
    try {
      await this.#room.untilDone(async () => {
        const state = await this.#control.load(this.#room.name, this.#room.top());
        if (state.cv > this.state.cv) this.state = state;
        await this.#compare();
      });
    } finally {
      this.#reloading = false;
    }
  }

  async #compare(): Promise<void> {
    const { name, members } = this.#room;
    const users = new Set([...members].map(({ user }) => user));
    for (const user of users) {
      if (!this.#control.refusal(name, this.state, user) || !(await this.#control.confirmed(name, user))) continue;
      for (const member of [...members]) if (member.user === user) member.removed(name);
    }
  }
}

/** User who may not read the room after an entry, perhaps; `*` for all, null for none. */
function restrictedBy({ control, by }: ControlEntry): string | null {
  switch (control.act) {
    case 'kick':
    case 'ban':
      return control.user;
    case 'leave':
      return control.dissolves ? '*' : by;
    case 'delete':
      return '*';
    default:
      return null;
  }
}
