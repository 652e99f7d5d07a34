import type { ClientInfo } from '../protocol/codec.ts';
import type { Rooms } from '../room/rooms.ts';
import { Gateways } from './beat.ts';

/** A connection, and the gateway that holds it. */
export interface PresentMember extends ClientInfo {
  readonly gateway: string;
}

export interface RoomPresence {
  /** Connections by id. */
  readonly members: ReadonlyMap<string, PresentMember>;
  /** True if a gateway did not answer in time, or a room was too large for one answer. */
  readonly partial: boolean;
}

/** What a gateway answers for its own connections: `[client, user]` pairs. */
interface Answer {
  readonly gateway: string;
  readonly members: readonly (readonly [string, string])[];
  readonly partial: boolean;
}

/** Ephemeral messages between the gateways. */
export interface PresenceBus {
  /** Says that this gateway lives. */
  beat(gateway: string, leaving: boolean): void;
  onBeat(heard: (gateway: string, leaving: boolean) => void): void;
  /** Asks all gateways; `answer` is called for each reply until `stop` is. */
  ask(question: string, answer: (reply: string) => void): { stop(): void };
  onAsk(reply: (question: string) => string): void;
}

export interface PresenceOptions {
  readonly gateway: string;
  readonly rooms: Rooms;
  readonly bus: PresenceBus;
  readonly now: () => number;
  /** Counts answers that miss somebody. */
  readonly partial: () => void;
  /** A gateway has not been heard of for three heartbeats, or said that it ends. */
  readonly gone: (gateway: string) => void;
}

/** Heartbeats are sent this often, and count as fresh for three times as long. */
export const BEAT_MS = 2_000;
/** How long the gateways have to answer. */
const DEADLINE_MS = 300;
/** How long an answer serves those who ask next. */
const CACHE_MS = 1_000;
/** Connections in one answer: with the longest ids, 427 bytes each, it is below the 1 MB of a NATS message. */
export const MOST_MEMBERS = 2_000;

/** Who is in a room: asked of all gateways at once, each answers for its own connections. */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #gateways = new Gateways(BEAT_MS * 3);
  readonly #cache = new Map<string, { readonly at: number; readonly found: Promise<RoomPresence> }>();

  constructor(options: PresenceOptions) {
    this.#options = options;
    options.bus.onBeat((gateway, leaving) => {
      if (leaving) {
        this.#gateways.forget(gateway);
        return options.gone(gateway);
      }
      const stranger = !this.#gateways.alive(options.now()).includes(gateway);
      this.#gateways.hear(gateway, options.now());
      if (stranger && gateway !== options.gateway) options.bus.beat(options.gateway, false); // it does not know us yet
    });
    options.bus.onAsk(room => JSON.stringify(this.#own(room)));
  }

  /** Call each {@link BEAT_MS}. */
  beat(): void {
    const now = this.#options.now();
    this.#options.bus.beat(this.#options.gateway, false);
    for (const gateway of this.#gateways.sweep(now)) this.#options.gone(gateway);
    for (const [room, entry] of this.#cache) if (now - entry.at > CACHE_MS) this.#cache.delete(room);
  }

  leave(): void {
    this.#options.bus.beat(this.#options.gateway, true);
  }

  /** Never rejects: who does not answer within 300 ms is missing, and the answer is partial. */
  members(room: string): Promise<RoomPresence> {
    const now = this.#options.now();
    const cached = this.#cache.get(room);
    if (cached && now - cached.at <= CACHE_MS) return cached.found;
    const found = this.#gather(room);
    this.#cache.set(room, { at: now, found });
    return found;
  }

  #own(room: string): Answer {
    const members: [string, string][] = [];
    const all = this.#options.rooms.find(room)?.members ?? [];
    for (const member of all) {
      if (members.length === MOST_MEMBERS) return { gateway: this.#options.gateway, members, partial: true };
      members.push([member.client, member.user]);
    }
    return { gateway: this.#options.gateway, members, partial: false };
  }

  #gather(room: string): Promise<RoomPresence> {
    const { gateway, bus, now } = this.#options;
    const members = new Map<string, PresentMember>();
    const missing = new Set(this.#gateways.alive(now()));
    missing.delete(gateway);
    let partial = false;
    const add = (answer: Answer) => {
      for (const [client, user] of answer.members) members.set(client, { client, user, gateway: answer.gateway });
      partial ||= answer.partial;
    };
    add(this.#own(room));
    return new Promise(resolve => {
      if (missing.size === 0) return resolve({ members, partial });
      const done = () => {
        clearTimeout(timer);
        asked.stop();
        partial ||= missing.size > 0;
        if (partial) this.#options.partial();
        resolve({ members, partial });
      };
      const timer = setTimeout(done, DEADLINE_MS);
      const asked = bus.ask(room, reply => {
        const answer = JSON.parse(reply) as Answer;
        if (answer.gateway === gateway) return;
        add(answer);
        missing.delete(answer.gateway);
        if (missing.size === 0) done();
      });
    });
  }
}
