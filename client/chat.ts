import { type Clock, systemClock } from '../server/time/clock.ts';
import { type ActName, type ActParams, OWN_ROOMS, untilAnswered } from './acts.ts';
import { centrifugeTransport } from './centrifuge-transport.ts';
import type { ChatOptions, Removal } from './chat-options.ts';
import { ClientState, type ClientStateName } from './client-state.ts';
import { keptRoomList, type RoomList } from './kept-room-list.ts';
import { Listeners } from './listeners.ts';
import { MessageIds } from './message-ids.ts';
import { Outbox } from './outbox.ts';
import {
  choiceOf,
  type Outgoing,
  type OutgoingChange,
  type OutgoingMessage,
  publicationOf,
  type RoomOutbox,
  sendEntry,
} from './outgoing.ts';
import { OwnSettings } from './own-settings.ts';
import { People } from './people.ts';
import { Profiles } from './profiles.ts';
import { ReadMarks } from './read-marks.ts';
import { Room } from './room.ts';
import { Sender } from './sender.ts';
import { ServerTime } from './server-time.ts';
import { type SteadyStorage, steady } from './steady-storage.ts';
import type { Connection, Publication, Transport } from './transport.ts';
import { UnreadCounts } from './unread-counts.ts';
import { UserStates } from './user-states.ts';
import type { ParamsOf, ResultOf, VerbName } from './verbs.ts';

export type { ChatOptions, Removal } from './chat-options.ts';

/** A user's connection to the chat: rooms, and an outbox that outlives connections and, with its storage, processes. */
export class Chat {
  readonly user: string;
  /** Emits when {@link connection} has changed. */
  readonly connectionChanged = new Listeners<Connection>();
  /**
   * Emits when the server has ended a room for the user: by a kick, a ban, the end of the room, or a leave on another device. The room
   * is refused then and delivers nothing any more; {@link close} it.
   */
  readonly removed = new Listeners<Removal>();
  /** Rooms that the user is a member of, is invited to or has asked for, open or not. */
  readonly roomList: RoomList;
  /** Unread messages of the rooms in {@link roomList}. */
  readonly unread: UnreadCounts;
  /** Names, images and statuses of users. */
  readonly profiles: Profiles;
  /** States of users: active, away or offline. */
  readonly states: UserStates;
  /** Friends, requests, blocked users, and the user's own settings. */
  readonly people: People;
  readonly #storage: SteadyStorage;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #serverTime: ServerTime;
  readonly #ids: MessageIds;
  readonly #transport: Transport;
  readonly #outbox: Outbox;
  readonly #sender: Sender;
  readonly #state: ClientState;
  readonly #marks: ReadMarks;
  readonly #rooms = new Map<string, Room>();
  #connection: Connection = { phase: 'disconnected', code: 0, reason: '' };

  constructor(options: ChatOptions) {
    this.user = options.user;
    this.#storage = steady(options.storage);
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#serverTime = new ServerTime(this.#clock);
    this.#ids = new MessageIds(
      () => this.#serverTime.now(),
      options.randomBytes ?? (length => crypto.getRandomValues(new Uint8Array(length))),
    );
    this.#outbox = new Outbox(this.#storage, options.user);
    this.unread = new UnreadCounts({
      user: options.user,
      clock: this.#clock,
      ask: params => this.#transport.call('unread', params),
      blocks: user => (this.people.loaded ? this.people.blocks(user) : null),
    });
    this.#marks = new ReadMarks({
      storage: this.#storage,
      user: this.user,
      clock: this.#clock,
      random: this.#random,
      mark: params => this.#transport.call('receipt.mark', params),
      follower: this.unread,
    });
    this.roomList = keptRoomList(this.#storage, this.user, this.#marks, this.#clock, this.#answered.bind(this));
    this.profiles = new Profiles({
      user: options.user,
      clock: this.#clock,
      read: params => this.#answered('profile.get', params),
    });
    this.people = new People({
      clock: this.#clock,
      settings: new OwnSettings({
        get: () => this.#answered('settings.get', {}),
        set: change => this.act('settings.set', change),
      }),
      act: (verb, params) => this.act(verb, params),
      friends: params => this.#answered('friend.list', params),
      blocked: params => this.#answered('block.list', params),
      search: params => this.#answered('user.search', params),
      onBlock: user => this.rooms.find(({ info }) => info.other === user)?.info.reload(),
    });
    this.roomList.changed.add(() => this.unread.listed(this.roomList.rooms));
    this.states = new UserStates({ clock: this.#clock, call: (verb, params) => this.#transport.call(verb, params) });
    const onInbox = (entry: Publication) => {
      this.roomList.entry(entry);
      this.profiles.entry(entry);
      this.people.entry(entry);
      this.people.settings.entry(entry);
      this.unread.entry(entry);
    };
    const onMessage = (data: unknown) => {
      this.states.heard(data);
      this.roomList.heard(data);
      this.#rooms.get(this.#marks.heard(data) ?? '')?.changed.emit();
    };
    this.#transport = options.transport(
      connection => {
        this.#connection = connection;
        if (connection.phase === 'connected' && connection.time !== null) {
          this.#serverTime.reported(connection.time);
          this.#ids.restart();
        }
        const isConnected = connection.phase === 'connected';
        for (const each of [this.#state, this.states]) each.connection(isConnected);
        for (const each of [this.#sender, this.#marks]) each.setOnline(isConnected);
        if (connection.phase === 'connected')
          for (const kept of [this.roomList, this.people, this.people.settings, this.unread]) kept.connected();
        else for (const kept of [this.people, this.unread]) kept.disconnected();
        this.connectionChanged.emit(connection);
      },
      onInbox,
      onMessage,
    );
    this.#state = new ClientState(state => this.#transport.call('client.state', { state }));
    this.#sender = new Sender({
      outbox: this.#outbox,
      clock: this.#clock,
      random: this.#random,
      send: entry => sendEntry(this.#transport, entry),
      renewed: (entry, refusal) => this.#ids.renew(this.#outbox, entry, refusal),
      onAcknowledged: (entry, { offset }) =>
        this.#rooms.get(entry.room)?.acknowledged(publicationOf(entry, offset, this.user)),
      onChange: room => this.#rooms.get(room)?.changed.emit(),
    });
  }

  get connection(): Connection {
    return this.#connection;
  }

  connect(): void {
    this.#transport.connect();
  }

  disconnect(): void {
    this.#transport.disconnect();
  }

  /** Says whether the user sees the application. In the background it gets no events of rooms, such as that others type. */
  setState(state: ClientStateName): void {
    this.#state.set(state);
  }

  /** Calls a verb. The result is what the server sent: it is not checked. @throws {CallError} */
  call<V extends VerbName>(verb: V, params: ParamsOf<V>): Promise<ResultOf<V>> {
    return this.#transport.call(verb, params);
  }

  /**
   * Acts on a room: makes the id of the act, and calls until there is an answer, for 30 s. A repeat counts once. An act that changes
   * the rooms of the user is in {@link roomList} soon after. @throws {CallError}
   */
  async act<V extends ActName>(verb: V, params: ActParams<V>): Promise<ResultOf<V>> {
    const result = await this.#answered(verb, { ...params, id: this.#ids.next() } as unknown as ParamsOf<V>);
    if (OWN_ROOMS.has(verb)) void this.roomList.refresh();
    return result;
  }

  #answered<V extends VerbName>(verb: V, params: ParamsOf<V>): Promise<ResultOf<V>> {
    return untilAnswered({ clock: this.#clock, random: this.#random }, () => this.#transport.call(verb, params));
  }

  /** The server's time of day, whole milliseconds since 1970; the machine's before the first connect. */
  now(): number {
    return Math.trunc(this.#serverTime.now());
  }

  /** The open rooms, in the order they were opened. */
  get rooms(): readonly Room[] {
    return [...this.#rooms.values()];
  }

  /** Opens a room; the same one if it is open. */
  open(name: string): Room {
    let room = this.#rooms.get(name);
    if (!room) {
      room = new Room({
        name,
        user: this.user,
        transport: this.unread.listening(this.#transport),
        clock: this.#clock,
        random: this.#random,
        readMark: this.#marks.of(name),
        outbox: this.#outboxOf(name),
        get: params => this.#answered('room.get', params),
        members: params => this.#answered('room.members', params),
        onRemoved: ending => {
          this.roomList.removed(name);
          this.removed.emit({ room: name, ending });
        },
      });
      this.#rooms.set(name, room);
    }
    return room;
  }

  /**
   * Opens the room of the user and another one. It is in the {@link roomList} of both once it has a message.
   * @throws {CallError} 103 if the other user does not allow it, 409 if the user blocks the other
   */
  async openDm(user: string): Promise<Room> {
    const { room } = await this.act('dm.open', { user });
    return this.open(room);
  }

  /** Leaves a room. Messages in its outbox are still sent. Its last message in {@link roomList} is read again. */
  close(name: string): void {
    this.#rooms.get(name)?.close();
    this.#rooms.delete(name);
    if (this.roomList.rooms.some(({ room }) => room === name)) void this.roomList.refresh();
  }

  /** Sends a refused message or change again, with its id. */
  resend(entry: Outgoing): void {
    this.#outbox.settle(entry.id, null);
    this.#rooms.get(entry.room)?.changed.emit();
    this.#sender.wake(entry.room);
  }

  /** Drops a refused message or change. A waiting one stays: it may be on its way. */
  discard(entry: Outgoing): void {
    if (entry.refusal === null) return;
    this.#outbox.remove(entry.id);
    this.#rooms.get(entry.room)?.changed.emit();
  }

  #outboxOf(room: string): RoomOutbox {
    const entries = () => this.#outbox.list(room);
    return {
      messages: () => entries().filter((entry): entry is OutgoingMessage => !('change' in entry)),
      changes: () => entries().filter((entry): entry is OutgoingChange => 'change' in entry),
      send: content => this.#add({ ...this.#act(room), ...content }),
      change: change => {
        // The user tries again: the refusal of the attempt before is of no use any more.
        for (const entry of entries())
          if (entry.refusal && 'change' in entry && choiceOf(entry.change) === choiceOf(change)) this.discard(entry);
        return this.#add({ ...this.#act(room), change });
      },
    };
  }

  #act(room: string): Omit<Outgoing, 'text' | 'replyTo' | 'change'> {
    const id = this.#ids.next(this.#outbox.list(room).at(-1)?.id);
    return { id, room, time: this.#serverTime.now(), refusal: null };
  }

  #add<E extends Outgoing>(entry: E): E {
    const { room } = entry;
    this.#outbox.add(entry);
    this.#rooms.get(room)?.changed.emit();
    this.#sender.wake(room);
    return entry;
  }
}

/** Opens a chat over the official SDK; call {@link Chat.connect} next. */
export function createChat(
  options: Omit<ChatOptions, 'transport'> & {
    /** WebSocket address, for example `wss://chat.example.org/connection/websocket`. */
    readonly url: string;
    /** Gets a fresh token. Throw `SignInRefused` if there will be none; after another error it is called again. */
    readonly getToken: () => Promise<string>;
  },
): Chat {
  const { url, getToken, ...rest } = options;
  return new Chat({
    ...rest,
    transport: (...on) => centrifugeTransport({ url, getToken, onConnection: on[0], onInbox: on[1], onMessage: on[2] }),
  });
}
