import type { Member } from '../room/member.ts';
import type { Rooms } from '../room/rooms.ts';
import { type Clock, type Moment, sleep } from '../time/clock.ts';
import type { PresenceBus } from './bus.ts';
import { type Gathered, Gatherer } from './gather.ts';
import type { InvisibleUsers } from './invisible-users.ts';
import { Own } from './own.ts';
import { Peers } from './peers.ts';
import { answerPrevious } from './previous.ts';
import type { RoomPresence } from './room-presence.ts';
import { countUsers } from './users.ts';
import { type Beat, FEATURE_LEVEL, readBeat, readQuestion, readShards, type Wanted, writeQuestion } from './wire.ts';

/** Size of one room on all gateways. */
export interface RoomStats {
  /** Connections on all gateways. */
  readonly clients: number;
  /** Distinct users: exact up to 8,192 users a gateway, within about 2 % above. */
  readonly users: number;
}

export interface PresenceOptions {
  readonly gateway: string;
  readonly rooms: Rooms;
  readonly invisible: InvisibleUsers;
  readonly bus: PresenceBus;
  readonly now: () => Moment;
  readonly after: Clock['after'];
  /** Counts answers in which a gateway is missing. */
  readonly partial: () => void;
  /** Called for a gateway without a heartbeat for three intervals, or replaced by another process of its name. */
  readonly gone: (gateway: string) => void;
  /** Called after a reconnect: messages of other gateways may have been lost. */
  readonly resumed: () => void;
  /** Called when a connection has entered or left a room. */
  readonly moved?: (room: string, member: Member) => void;
}

/** Answer of the other gateways that is used again. */
interface Cached {
  readonly at: number;
  /** Connections up to which members are listed, see {@link Wanted.most}. */
  readonly most: number;
  readonly found: Promise<Gathered>;
}

/** Time for which an answer of the other gateways is used again. */
const CACHE_MS = 1_000;
/** Time in which changes are collected before they are sent. */
const CHANGE_MS = 50;
/** Waits for the level of a gateway that has just started: a second in all. */
const LEVEL_WAITS = 10;
const LEVEL_WAIT_MS = 100;
/** Changed shards above which it is shorter to let the other gateways ask for all. */
const MOST_CHANGES = 5_000;

/** Presence on one gateway: its own connections, and, on request, those of the gateways that may have members of a room. */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #own: Own;
  readonly #peers: Peers;
  readonly #gatherer: Gatherer;
  readonly #life: string = crypto.randomUUID();
  readonly #cache = new Map<string, Cached>();
  #changing = false;

  constructor(options: PresenceOptions) {
    const { gateway, rooms, invisible, bus, now } = options;
    this.#options = options;
    this.#peers = new Peers(gateway);
    this.#gatherer = new Gatherer({ peers: this.#peers, bus, now });
    this.#own = new Own({ rooms, isHidden: user => invisible.has(user), now, changed: () => this.#changed() });
    bus.onBeat(text => this.#heard(text));
    bus.onAsk(gateway, (question, maxBytes) => this.#answer(question, maxBytes));
    bus.onAskPrevious(room => answerPrevious(gateway, this.#own, room));
    bus.onReconnect(() => {
      this.#cache.clear();
      this.#send({}); // the other gateways compare its version with theirs
      options.resumed();
    });
  }

  /** Adds a connection that subscribes to a room. Call {@link left} once for it. */
  entered(room: string, member: Member): void {
    this.#own.entered(room, member);
    this.#options.moved?.(room, member);
  }

  /** Takes note that the room delivers to the connection from now on. */
  arrived(room: string, member: Member): void {
    this.#own.arrived(room, member);
  }

  /** Removes a connection from a room. @returns false if its user was invisible: nobody sees it leave */
  left(room: string, member: Member): boolean {
    const wasShown = !this.#own.isHidden(room, member);
    this.#own.left(room, member);
    this.#options.moved?.(room, member);
    return wasShown;
  }

  /** Users of this gateway whom nobody else may see. */
  get invisible(): InvisibleUsers {
    return this.#options.invisible;
  }

  /** Takes note that the user of a connection became invisible, or is shown again. */
  shown(room: string, member: Member, isShown: boolean): void {
    this.#own.shown(room, member, isShown);
  }

  /** Sends a heartbeat, and drops gateways without one. Call every {@link BEAT_MS}. */
  beat(): void {
    const now = this.#options.now();
    for (const gateway of this.#peers.sweep(now)) this.#gone(gateway);
    for (const [key, entry] of this.#cache) if (now - entry.at > CACHE_MS) this.#cache.delete(key);
    this.#own.sweep();
    this.invisible.tick();
    this.#send({});
  }

  /**
   * Lowest level of all gateways that are there, see {@link FEATURE_LEVEL}; 0 if this gateway is cut off and cannot know. Waits a moment
   * for the heartbeats of the others if this gateway has just started.
   */
  async level(): Promise<number> {
    const { now, after } = this.#options;
    for (let waited = 0; waited < LEVEL_WAITS; waited++) {
      const level = this.#peers.level(FEATURE_LEVEL, now());
      if (level !== null) return level;
      await sleep({ after }, LEVEL_WAIT_MS);
    }
    return 0;
  }

  /** Reports the end of this gateway to the others. */
  leave(): void {
    this.#send({ leaving: true });
  }

  /**
   * Reads the members of a room. Never rejects: gateways that do not answer within 300 ms are missing, and the answer is partial.
   * Answers of other gateways are up to a second old; connections of this gateway are as of now.
   * @param most largest number of connections that are listed
   */
  async members(room: string, most: number): Promise<RoomPresence> {
    return this.#whole(await this.#cached({ room, most, users: false }), room, most);
  }

  /** Reads the members of a room as {@link members} does, with answers from after the call. */
  async membersNow(room: string, most: number): Promise<RoomPresence> {
    return this.#whole(await this.#ask({ room, most, users: false }), room, most);
  }

  /**
   * Counts the members of a room of any size, without invisible users. Never rejects.
   * @param user user who asks, who is counted, with the connections of this gateway, also while invisible
   */
  async stats(room: string, user = ''): Promise<RoomStats> {
    const others = await this.#cached({ room, most: 0, users: true });
    const own = this.#own.users(room);
    const users = others.digests.length === 0 ? own.size : countUsers([this.#own.digest(room), ...others.digests]);
    const isHidden = this.invisible.has(user);
    const mine = isHidden ? [...this.#own.members(room)].filter(member => member.user === user).length : 0;
    const hidden = this.#own.hidden(room) + others.hidden;
    const clients = this.#own.clients(room) + others.clients - hidden + mine;
    return { clients, users: users + Number(mine > 0) };
  }

  /** Connections of this gateway in a room. */
  own(room: string): Iterable<Member> {
    return this.#own.members(room);
  }

  /**
   * Lets the other gateways find this one in {@link holders} of a name that is no room, or ends that. Call it once more for each end.
   */
  interest(name: string, isOn: boolean): void {
    const { shards } = this.#own;
    if (isOn ? shards.enter(name) : shards.leave(name)) this.#changed();
  }

  /** Names of the other gateways that may have members of a room. Gateways of the previous release are left out. */
  holders(room: string): readonly string[] {
    return this.#peers.holders(room, this.#options.now()).current;
  }

  /** Drops cached answers about a room: a member joined or left on another gateway. */
  changed(room: string): void {
    for (const users of [true, false]) this.#cache.delete(keyOf(room, users));
  }

  #whole(others: Gathered, room: string, most: number): RoomPresence {
    const clients = this.#own.clients(room) + others.clients;
    const hidden = this.#own.hidden(room) + others.hidden;
    if (clients > most) return { clients, hidden, members: null, partial: others.partial };
    const members = new Map(others.members);
    const { gateway } = this.#options;
    for (const { client, user, isBackground } of this.#own.members(room))
      members.set(client, { client, user, gateway, isBackground, isHidden: this.invisible.has(user) });
    return { clients, hidden, members, partial: others.partial };
  }

  #cached(wanted: Wanted): Promise<Gathered> {
    const now = this.#options.now();
    const key = keyOf(wanted.room, wanted.users);
    const cached = this.#cache.get(key);
    // An answer to a question for fewer members may not list them.
    if (cached && now - cached.at <= CACHE_MS && cached.most >= wanted.most) return cached.found;
    const found = this.#ask(wanted);
    this.#cache.set(key, { at: now, most: wanted.most, found });
    return found;
  }

  async #ask(wanted: Wanted): Promise<Gathered> {
    const found = await this.#gatherer.ask(wanted);
    if (found.partial) this.#options.partial();
    return found;
  }

  #send(more: Partial<Pick<Beat, 'leaving' | 'change'>>): void {
    const { gateway, bus } = this.#options;
    const beat: Beat = {
      gateway,
      leaving: false,
      life: this.#life,
      version: this.#own.shards.version,
      level: FEATURE_LEVEL,
      ...more,
    };
    bus.beat(JSON.stringify(beat));
  }

  #changed(): void {
    if (this.#changing) return;
    this.#changing = true;
    this.#options.after(CHANGE_MS, () => this.#sendChanges());
  }

  #sendChanges(): void {
    this.#changing = false;
    const change = this.#own.shards.take();
    if (!change) return;
    const many = change.set.length + change.cleared.length > MOST_CHANGES;
    this.#send(many ? {} : { change });
  }

  #heard(text: string): void {
    const beat = readBeat(text);
    if (!beat) return;
    const { gateway, now } = this.#options;
    if (beat.leaving) {
      if (beat.gateway !== gateway) this.#gone(beat.gateway);
      return;
    }
    const { stranger, replaced, unknown } = this.#peers.hear(beat, now());
    if (replaced) this.#options.gone(beat.gateway);
    if (stranger) this.#send({});
    if (unknown) this.#askShards(beat.gateway);
  }

  #gone(gateway: string): void {
    this.#peers.forget(gateway);
    this.#cache.clear(); // it may hold members of that gateway
    this.#options.gone(gateway);
  }

  #askShards(gateway: string): void {
    const asked = this.#options.bus.ask(gateway, writeQuestion({ shards: true }), reply => {
      asked.stop();
      const answer = reply === null ? null : readShards(reply);
      if (answer) this.#peers.learn(gateway, answer);
    });
    this.#options.after(CACHE_MS, () => asked.stop());
  }

  #answer(text: string, maxBytes: number): readonly string[] {
    const question = readQuestion(text);
    if (!question) return [];
    if ('rooms' in question) return this.#own.answer(question.rooms, maxBytes);
    const { shards } = this.#own;
    return [JSON.stringify({ life: this.#life, version: shards.version, shards: shards.toText() })];
  }
}

const keyOf = (room: string, users: boolean) => `${users ? 'users' : 'members'} ${room}`;
