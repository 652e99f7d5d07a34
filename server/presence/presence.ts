import type { Member } from '../room/member.ts';
import type { Rooms } from '../room/rooms.ts';
import type { Clock, Moment } from '../time/clock.ts';
import type { PresenceBus } from './bus.ts';
import { type Gathered, Gatherer, type PresentMember } from './gather.ts';
import { Own } from './own.ts';
import { Peers } from './peers.ts';
import { answerPrevious } from './previous.ts';
import { countUsers } from './users.ts';
import { type Beat, readBeat, readQuestion, readShards, type Wanted, writeQuestion } from './wire.ts';

export interface RoomPresence {
  /** Connections on all gateways. */
  readonly clients: number;
  /** By connection id; null for a room with more of them than were to be listed. */
  readonly members: ReadonlyMap<string, PresentMember> | null;
  /** True if a gateway is missing: it did not answer in time. */
  readonly partial: boolean;
}

export interface RoomStats {
  /** Connections on all gateways. */
  readonly clients: number;
  /** Distinct users: exact up to 8,192 users a gateway, within about 2 % above. */
  readonly users: number;
}

export interface PresenceOptions {
  readonly gateway: string;
  readonly rooms: Rooms;
  readonly bus: PresenceBus;
  readonly now: () => Moment;
  readonly after: Clock['after'];
  /** Counts answers that miss somebody. */
  readonly partial: () => void;
  /** A gateway has not been heard of for three heartbeats, or was replaced by one of the same name. */
  readonly gone: (gateway: string) => void;
  /** What the other gateways said may have been lost, and can be heard again. */
  readonly resumed: () => void;
}

/** How long an answer of the other gateways serves those who ask next. */
const CACHE_MS = 1_000;
/** What changed is collected this long before the others hear of it. */
const CHANGE_MS = 50;
/** Changed shards above which it is shorter to let the others ask for all. */
const MOST_CHANGES = 5_000;

/** Members of a room: this gateway's own connections, and those of the gateways that may have some. */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #own: Own;
  readonly #peers: Peers;
  readonly #gatherer: Gatherer;
  readonly #life: string = crypto.randomUUID();
  readonly #cache = new Map<string, { readonly at: number; readonly found: Promise<Gathered> }>();
  #changing = false;

  constructor(options: PresenceOptions) {
    const { gateway, rooms, bus, now, after } = options;
    this.#options = options;
    this.#peers = new Peers(gateway);
    this.#gatherer = new Gatherer({ peers: this.#peers, bus, now });
    const changed = () => {
      if (this.#changing) return;
      this.#changing = true;
      after(CHANGE_MS, () => this.#sayChanges());
    };
    this.#own = new Own({ rooms, now, changed });
    bus.onBeat(text => this.#heard(text));
    bus.onAsk(gateway, (question, maxBytes) => this.#answer(question, maxBytes));
    bus.onAskPrevious(room => answerPrevious(gateway, this.#own, room));
    bus.onReconnect(() => {
      this.#cache.clear();
      this.#say({}); // the others compare its version with theirs
      options.resumed();
    });
  }

  /** A connection has subscribed to a room: it is present from now on. */
  entered(room: string, member: Member): void {
    this.#own.entered(room, member);
  }

  /** The room delivers to it from now on. */
  arrived(room: string, member: Member): void {
    this.#own.arrived(room, member);
  }

  left(room: string, member: Member): void {
    this.#own.left(room, member);
  }

  /** Call each {@link BEAT_MS}. */
  beat(): void {
    const now = this.#options.now();
    for (const gateway of this.#peers.sweep(now)) this.#gone(gateway);
    for (const [key, entry] of this.#cache) if (now - entry.at > CACHE_MS) this.#cache.delete(key);
    this.#own.sweep();
    this.#say({});
  }

  leave(): void {
    this.#say({ leaving: true });
  }

  /**
   * Members of a room. Never rejects: who does not answer within 300 ms is missing, and the answer is partial. What the
   * other gateways answer serves for a second; this gateway's own connections are always as they are now.
   * @param most connections up to which they are listed
   */
  async members(room: string, most: number): Promise<RoomPresence> {
    return this.#whole(await this.#cached({ room, most, users: false }), room, most);
  }

  /** The same, asked now. */
  async membersNow(room: string, most: number): Promise<RoomPresence> {
    return this.#whole(await this.#ask({ room, most, users: false }), room, most);
  }

  /** How many are in a room of any size. Never rejects. */
  async stats(room: string): Promise<RoomStats> {
    const others = await this.#cached({ room, most: 0, users: true });
    const own = this.#own.users(room);
    const users = others.digests.length === 0 ? own.size : countUsers([this.#own.digest(room), ...others.digests]);
    return { clients: this.#own.clients(room) + others.clients, users };
  }

  /** Somebody came or went on another gateway: the next question is asked again. */
  changed(room: string): void {
    for (const users of [true, false]) this.#cache.delete(keyOf(room, users));
  }

  #whole(others: Gathered, room: string, most: number): RoomPresence {
    const clients = this.#own.clients(room) + others.clients;
    if (clients > most) return { clients, members: null, partial: others.partial };
    const members = new Map(others.members);
    const { gateway } = this.#options;
    for (const { client, user } of this.#own.members(room)) members.set(client, { client, user, gateway });
    return { clients, members, partial: others.partial };
  }

  #cached(wanted: Wanted): Promise<Gathered> {
    const now = this.#options.now();
    const key = keyOf(wanted.room, wanted.users);
    const cached = this.#cache.get(key);
    if (cached && now - cached.at <= CACHE_MS) return cached.found;
    const found = this.#ask(wanted);
    this.#cache.set(key, { at: now, found });
    return found;
  }

  async #ask(wanted: Wanted): Promise<Gathered> {
    const found = await this.#gatherer.ask(wanted);
    if (found.partial) this.#options.partial();
    return found;
  }

  #say(more: Partial<Pick<Beat, 'leaving' | 'change'>>): void {
    const { gateway, bus } = this.#options;
    const beat: Beat = { gateway, leaving: false, life: this.#life, version: this.#own.shards.version, ...more };
    bus.beat(JSON.stringify(beat));
  }

  #sayChanges(): void {
    this.#changing = false;
    const change = this.#own.shards.take();
    if (!change) return;
    const many = change.set.length + change.cleared.length > MOST_CHANGES;
    this.#say(many ? {} : { change });
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
    if (stranger) this.#say({});
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
