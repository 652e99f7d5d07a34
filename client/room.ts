import type { ReplyTo } from '../server/fold/entry.ts';
import { type Mentions, mentionsOf } from '../server/fold/mentions.ts';
import type { Clock } from '../server/time/clock.ts';
import type { CallError } from './call-error.ts';
import { controlOf, type Ending, endingOf, HIDDEN_CODES, REMOVED } from './control-of.ts';
import { Listeners } from './listeners.ts';
import type { Message } from './message.ts';
import { pageOf } from './message-page.ts';
import type { OutgoingChange, OutgoingMessage, RoomOutbox } from './outgoing.ts';
import { withChanges } from './pending-changes.ts';
import { Quotes } from './quotes.ts';
import type { ReadMark } from './read-mark.ts';
import { type HistoryState, RoomHistory } from './room-history.ts';
import { RoomInfo, type RoomInfoOptions } from './room-info.ts';
import { RoomPeople } from './room-people.ts';
import { RoomReceipts } from './room-receipts.ts';
import { RoomTyping } from './room-typing.ts';
import type { Publication, RoomLink, Transport } from './transport.ts';

export type RoomStatus =
  | { readonly phase: 'joining' }
  | { readonly phase: 'live' }
  /** Refusal or end of the subscription by the server: leave the room or try again. */
  | { readonly phase: 'refused'; readonly code: number; readonly reason: string };

export interface RoomOptions extends Pick<RoomInfoOptions, 'get' | 'members'> {
  readonly name: string;
  readonly user: string;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Random number from 0 up to, not including, 1. */
  readonly random: () => number;
  readonly readMark: ReadMark;
  readonly outbox: RoomOutbox;
  /** Called when the server has taken the user out of the room. */
  readonly onRemoved: (ending: Ending | null) => void;
}

/** Message as methods of a room take it: both parts must fit, so that an offset of another epoch names nothing. */
export type MessageRef = Pick<Message, 'offset' | 'id'>;

/** Messages that one call deletes, a limit of the server. */
const MOST_DELETED = 100;

/** One room as one user sees it. Read the properties again after every {@link changed}. */
export class Room {
  readonly name: string;
  /** Emits when messages, members, marks or state have changed. */
  readonly changed = new Listeners();
  /** Name, members and rights. */
  readonly info: RoomInfo;
  readonly typing: RoomTyping;
  readonly receipts: RoomReceipts;
  readonly #options: RoomOptions;
  readonly #people: RoomPeople;
  readonly #history: RoomHistory;
  readonly #quotes: Quotes;
  #link: RoomLink;
  #status: RoomStatus = { phase: 'joining' };
  /** True if the user was in the room: a refusal after it is news. */
  #wasLive = false;
  #ending: Ending | null = null;

  constructor(options: RoomOptions) {
    const { name, transport } = options;
    this.name = name;
    this.#options = options;
    this.#history = new RoomHistory({
      clock: options.clock,
      random: options.random,
      list: async request => pageOf(await transport.call('message.list', { room: name, ...request })),
      get: async replyTos => {
        const ids = replyTos.map(({ offset, id }) => ({ target: offset, of: id }));
        return pageOf(await transport.call('message.get', { room: name, ids }));
      },
      onChange: () => {
        options.readMark.begin(this.#history.state.loaded ? this.#history.timeline.position : null);
        this.changed.emit();
      },
    });
    this.#people = new RoomPeople({
      clock: options.clock,
      link: () => (this.#status.phase === 'live' ? this.#link : null),
      onChange: () => this.changed.emit(),
    });
    this.#quotes = new Quotes({
      find: replyTo => this.#history.timeline.find(replyTo),
      read: replyTos => this.#history.readSingle(replyTos),
      onChange: () => this.changed.emit(),
    });
    this.typing = new RoomTyping({ ...options, set: on => transport.call('typing.set', { room: name, on }) });
    this.receipts = new RoomReceipts(target => transport.call('receipt.who', { room: name, target }));
    for (const { changed } of [this.typing, this.receipts]) changed.add(() => this.changed.emit());
    this.info = new RoomInfo({ ...options, onChange: () => this.changed.emit() });
    this.#link = this.#join();
  }

  get status(): RoomStatus {
    return this.#status;
  }

  /**
   * Messages, ascending by offset, with what changed them. An edit or a reaction of this user counts at once; if the server
   * refuses it, the message is again as it was. A deleted message stays, without its text.
   */
  get messages(): readonly Message[] {
    return withChanges(this.#history.timeline.messages, this.changes, this.#options.user);
  }

  /**
   * The message that a reply names, as it is now, also if it stands above the loaded pages: undefined while it is being read,
   * null if the room does not have it any more.
   */
  quoted(replyTo: ReplyTo): Message | null | undefined {
    return this.#quotes.get(replyTo);
  }

  get history(): HistoryState {
    return this.#history.state;
  }

  /** Messages of this user that are not acknowledged, in the order they were written. */
  get outgoing(): readonly OutgoingMessage[] {
    return this.#options.outbox.messages();
  }

  /** Changes of this user that are not acknowledged, and those that the server refused, in the order they were made. */
  get changes(): readonly OutgoingChange[] {
    return this.#options.outbox.changes();
  }

  /** Users in the room with the number of their connections; null while unknown. */
  get users(): RoomPeople['users'] {
    return this.#people.users;
  }

  /** Number of users in the room, also if it is too large for {@link users}; null while unknown. */
  get userCount(): number | null {
    return this.#people.count;
  }

  /** Error of the last presence command; null if it succeeded. */
  get usersError(): CallError | null {
    return this.#people.error;
  }

  /** Number of loaded messages of others after the read mark, without deleted ones. */
  get unread(): number {
    const { offset: mark } = this.#options.readMark;
    if (mark === null) return 0;
    return this.#history.timeline.messages.filter(
      ({ offset, user, deleted }) => offset > mark && user !== this.#options.user && deleted === 0,
    ).length;
  }

  /** Offset up to which the user has read; null before the room was first loaded. */
  get readOffset(): number | null {
    return this.#options.readMark.offset;
  }

  /** Marks all loaded messages as read, here and on the server. */
  markRead(): void {
    const { position, messages } = this.#history.timeline;
    if (!this.#history.state.loaded) return;
    if (this.#options.readMark.advance(position, messages.at(-1)?.offset)) this.changed.emit();
  }

  /**
   * Writes a message. It is in the outbox when this returns, and is sent as soon as the connection allows.
   * @param options `replyTo`: message of this room that it answers; `mentions`: at most 50 users; `all`: true to mention everybody
   */
  send(text: string, { replyTo, ...options }: Mentions & { replyTo?: ReplyTo | undefined } = {}): OutgoingMessage {
    this.typing.sent();
    const answered = replyTo ? { replyTo: { offset: replyTo.offset, id: replyTo.id } } : {};
    return this.#options.outbox.send({ text, ...mentionsOf(options), ...answered });
  }

  /** Replaces the text of a message of this user, in the outbox when this returns. @param mentions default: those it has */
  edit({ offset, id }: MessageRef, text: string, mentions?: Mentions): OutgoingChange {
    const said = mentionsOf(mentions ?? this.#history.timeline.find({ offset, id }) ?? {});
    return this.#options.outbox.change({ type: 'edit', target: offset, of: id, text, ...said });
  }

  /** Deletes messages of this user for everybody: in the outbox when this returns, and shown as deleted once it is done. */
  delete(messages: readonly MessageRef[]): readonly OutgoingChange[] {
    const targets = messages.map(({ offset, id }) => ({ target: offset, of: id }));
    const changes: OutgoingChange[] = [];
    for (let first = 0; first < targets.length; first += MOST_DELETED) {
      const some = targets.slice(first, first + MOST_DELETED);
      changes.push(this.#options.outbox.change({ type: 'delete', targets: some }));
    }
    return changes;
  }

  /** Puts this user's emoji on a message, or takes it away: in the outbox when this returns. */
  react({ offset, id }: MessageRef, emoji: string, on: boolean): OutgoingChange {
    return this.#options.outbox.change({ type: 'reaction', target: offset, of: id, emoji, on });
  }

  /** True if the loaded pages begin at or below an offset. */
  reaches(offset: number): boolean {
    const { floor } = this.#history.timeline;
    return floor !== null && floor <= offset;
  }

  /** Reads messages around an offset, ascending, as they are now. Loaded ones stay as they are. @throws {CallError} */
  async around(offset: number): Promise<readonly Message[]> {
    const request = { room: this.name, around: offset };
    return pageOf(await this.#options.transport.call('message.list', request)).messages;
  }

  loadOlder(): Promise<void> {
    return this.#history.loadOlder();
  }

  /**
   * Reads the members from the server. Joins and leaves are pushed in rooms that are not too large, and may be lost: call it
   * again now and then.
   */
  refreshMembers(): Promise<void> {
    return this.#people.refresh();
  }

  /** Subscribes again after a refusal. */
  retry(): void {
    if (this.#status.phase !== 'refused') return;
    this.#link.close();
    this.#setStatus({ phase: 'joining' });
    this.#link = this.#join();
  }

  /** Shows an acknowledged message or change of this user, before its publication comes. */
  acknowledged(publication: Publication): void {
    this.#history.acknowledged(publication);
    this.changed.emit();
  }

  close(): void {
    this.#people.close();
    this.info.close();
    this.typing.close();
    this.#history.interrupted();
    this.#link.close();
  }

  #join(): RoomLink {
    return this.#options.transport.join(this.name, {
      subscribed: (position, recovered) => {
        if (this.#wasLive && !recovered) this.info.reload();
        this.#wasLive = true;
        this.#ending = null;
        this.#status = { phase: 'live' };
        this.#quotes.setOnline(true);
        this.#history.subscribed(this.#link, position, recovered);
      },
      interrupted: () => {
        this.#quotes.setOnline(false);
        this.#history.interrupted();
        this.#setStatus({ phase: 'joining' });
      },
      ended: (code, reason) => {
        this.#quotes.setOnline(false);
        this.#history.interrupted();
        this.#status = { phase: 'refused', code, reason };
        if (code === REMOVED || (this.#wasLive && HIDDEN_CODES.includes(code))) this.#removed();
        this.changed.emit();
      },
      publication: publication => {
        this.typing.heard(publication);
        this.receipts.heard(publication);
        if (publication.offset === 0) return;
        this.#history.live(publication);
        this.#control(publication);
        this.changed.emit();
        this.#people.heard(publication.sender);
      },
      joined: member => this.#people.joined(member),
      left: member => this.#people.left(member),
    });
  }

  #control(publication: Publication): void {
    const entry = controlOf(publication);
    if (!entry) return;
    this.#ending = endingOf(entry, this.#options.user) ?? this.#ending;
    this.info.entry(entry);
  }

  #removed(): void {
    this.#wasLive = false;
    this.#options.onRemoved(this.#ending);
  }

  #setStatus(status: RoomStatus): void {
    this.#status = status;
    this.changed.emit();
  }
}
