import type { Clock } from '../server/time/clock.ts';
import { type CallError, callErrorOf } from './call-error.ts';
import { Listeners } from './listeners.ts';
import { Members } from './members.ts';
import type { Message } from './message.ts';
import type { Outgoing } from './outbox.ts';
import type { ReadMark } from './read-mark.ts';
import { type HistoryState, RoomHistory } from './room-history.ts';
import type { RoomLink, Transport } from './transport.ts';

/** Shortest time between two presence commands, in ms: a sender who has left must not cause one for each message. */
const REFRESH_FOR_STRANGERS_MS = 2_000;

export type RoomStatus =
  | { readonly phase: 'joining' }
  | { readonly phase: 'live' }
  /** Refusal or end of the subscription by the server: leave the room or try again. */
  | { readonly phase: 'refused'; readonly code: number; readonly reason: string };

export interface RoomOptions {
  readonly name: string;
  readonly user: string;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Random number from 0 up to, not including, 1. */
  readonly random: () => number;
  readonly readMark: ReadMark;
  readonly outgoing: () => Outgoing[];
  readonly onSend: (text: string) => Outgoing;
}

/** Code of the server for a room that is too large to be listed. */
const LIMIT_EXCEEDED = 106;

/** One room as one user sees it. Read the properties again after every {@link changed}. */
export class Room {
  readonly name: string;
  /** Emits when messages, members, marks or state have changed. */
  readonly changed = new Listeners();
  readonly #options: RoomOptions;
  readonly #members = new Members();
  readonly #history: RoomHistory;
  #link: RoomLink;
  #status: RoomStatus = { phase: 'joining' };
  #refreshing = false;
  /** Number of users in a room that is too large to be listed; null for another room. */
  #count: number | null = null;
  #usersError: CallError | null = null;
  #refreshedAt = 0;
  #cancelRefresh: (() => void) | null = null;

  constructor(options: RoomOptions) {
    this.name = options.name;
    this.#options = options;
    this.#history = new RoomHistory({
      clock: options.clock,
      random: options.random,
      onChange: () => {
        options.readMark.begin(this.#history.state.loaded ? this.#history.timeline.position : null);
        this.changed.emit();
      },
    });
    this.#link = this.#join();
  }

  get status(): RoomStatus {
    return this.#status;
  }

  /** Messages, ascending by offset. */
  get messages(): readonly Message[] {
    return this.#history.timeline.messages;
  }

  get history(): HistoryState {
    return this.#history.state;
  }

  /** Messages of this user that are not acknowledged, in the order they were written. */
  get outgoing(): readonly Outgoing[] {
    return this.#options.outgoing();
  }

  /** Users in the room with the number of their connections; null while unknown. */
  get users(): ReturnType<Members['users']> {
    return this.#members.users();
  }

  /** Number of users in the room, also if it is too large for {@link users}; null while unknown. */
  get userCount(): number | null {
    return this.users?.length ?? this.#count;
  }

  /** Error of the last presence command; null if it succeeded. */
  get usersError(): CallError | null {
    return this.#usersError;
  }

  /** Number of loaded messages of others after the read mark. */
  get unread(): number {
    const { offset } = this.#options.readMark;
    if (offset === null) return 0;
    return this.messages.filter(message => message.offset > offset && message.user !== this.#options.user).length;
  }

  /** Offset up to which the user has read; null before the room was first loaded. */
  get readOffset(): number | null {
    return this.#options.readMark.offset;
  }

  /** Marks all loaded messages as read. */
  markRead(): void {
    if (this.#history.state.loaded && this.#options.readMark.advance(this.#history.timeline.position))
      this.changed.emit();
  }

  /** Writes a message. It is in the outbox when this returns, and is sent as soon as the connection allows. */
  send(text: string): Outgoing {
    return this.#options.onSend(text);
  }

  loadOlder(): Promise<void> {
    return this.#history.loadOlder();
  }

  /**
   * Reads the members from the server. Joins and leaves are pushed in rooms that are not too large, and may be lost: call it
   * again now and then.
   */
  async refreshMembers(): Promise<void> {
    if (this.#status.phase !== 'live' || this.#refreshing) return;
    this.#refreshing = true;
    this.#refreshedAt = this.#options.clock.now();
    try {
      await this.#askMembers();
      this.#usersError = null;
    } catch (thrown) {
      this.#usersError = callErrorOf(thrown);
    } finally {
      this.#refreshing = false;
    }
    this.changed.emit();
  }

  async #askMembers(): Promise<void> {
    try {
      this.#members.replace(await this.#link.presence());
      this.#count = null;
    } catch (thrown) {
      if (callErrorOf(thrown).code !== LIMIT_EXCEEDED) throw thrown;
      this.#members.forget();
      this.#count = await this.#link.countUsers();
    }
  }

  /** Subscribes again after a refusal. */
  retry(): void {
    if (this.#status.phase !== 'refused') return;
    this.#link.close();
    this.#setStatus({ phase: 'joining' });
    this.#link = this.#join();
  }

  /** Shows an acknowledged message of this user at its offset, before its publication comes. */
  acknowledged(message: Message): void {
    this.#history.timeline.addAcknowledged(message);
    this.changed.emit();
  }

  close(): void {
    this.#cancelRefresh?.();
    this.#history.interrupted();
    this.#link.close();
  }

  #join(): RoomLink {
    return this.#options.transport.join(this.name, {
      subscribed: (position, recovered) => {
        this.#status = { phase: 'live' };
        this.#history.subscribed(this.#link, position, recovered);
      },
      interrupted: () => {
        this.#history.interrupted();
        this.#setStatus({ phase: 'joining' });
      },
      ended: (code, reason) => {
        this.#history.interrupted();
        this.#setStatus({ phase: 'refused', code, reason });
      },
      publication: publication => {
        this.#history.timeline.addLive(publication);
        this.changed.emit();
        // The sender is not among the known members: a join was lost.
        if (publication.sender && this.#members.lacks(publication.sender)) this.#refreshSoon();
      },
      joined: member => {
        this.#members.joined(member);
        this.changed.emit();
      },
      left: member => {
        this.#members.left(member);
        this.changed.emit();
      },
    });
  }

  #refreshSoon(): void {
    if (this.#cancelRefresh) return;
    const { clock } = this.#options;
    const wait = Math.max(0, this.#refreshedAt + REFRESH_FOR_STRANGERS_MS - clock.now());
    this.#cancelRefresh = clock.after(wait, () => {
      this.#cancelRefresh = null;
      void this.refreshMembers();
    });
  }

  #setStatus(status: RoomStatus): void {
    this.#status = status;
    this.changed.emit();
  }
}
