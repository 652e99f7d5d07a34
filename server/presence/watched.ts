import type { Moment } from '../time/clock.ts';
import type { PresentMember } from './gather.ts';
import type { RoomPresence } from './room-presence.ts';
import type { JoinEvent } from './wire.ts';

/** Join or leave to push to watchers. */
export interface Coming {
  readonly type: 'join' | 'leave';
  readonly client: string;
  readonly user: string;
}

/**
 * Share of the limit below which joins and leaves of a room that was above it are pushed again: else a room about as large as the
 * limit would be compared all the time.
 */
const AGAIN = 0.8;
/**
 * Time before a question in which a join counts as newer than an answer without it: its gateway may not have been asked, because
 * its shards are known with its next heartbeat at the latest.
 */
const NEWS_MS = 3_000;

/** Member that the watchers know. */
interface KnownMember extends PresentMember {
  /** Time of its join event; minus infinity without one. */
  readonly at: number;
}

/**
 * Members of one room that its watchers on this gateway know. Events may be lost or repeated: now and then the members are
 * compared with answers of all gateways, and the differences are pushed. Above the limit nothing is pushed until the room is
 * clearly below it. Pure.
 */
export class Watched {
  readonly #limit: () => number;
  /** Members that the watchers know. */
  readonly #known = new Map<string, KnownMember>();
  /** Known members from before the first watcher: their join event may still come. */
  readonly #early = new Set<string>();
  /** True until the members from before the first watcher are known. */
  #fresh = true;
  #silent = false;
  /** Events since the question that is under way, whose answer may be older; null without one. */
  #meanwhile: Map<string, JoinEvent> | null = null;
  #askedAt = 0;
  #unsure = false;

  /** @param limit connections of a room above which nothing is pushed */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** True while the room is above the limit: nothing is pushed. */
  get silent(): boolean {
    return this.#silent;
  }

  /** True if the last answer was not conclusive: the room should be compared again soon. */
  get unsure(): boolean {
    return this.#unsure || this.#silent;
  }

  /** Takes an event. @returns what to push */
  heard(event: JoinEvent, now: Moment): readonly Coming[] {
    this.#meanwhile?.set(event.client, event);
    if (this.#silent) return [];
    const { type, client, user, gateway } = event;
    if (type === 'leave') return this.#forget(client) || this.#fresh ? [{ type, client, user }] : [];
    if (this.#known.has(client)) return this.#early.delete(client) ? [{ type, client, user }] : [];
    if (this.#known.size >= this.#limit()) {
      this.#silent = true;
      return [];
    }
    this.#known.set(client, { client, user, gateway, at: now });
    return [{ type, client, user }];
  }

  /** Takes the members in a presence answer to a watcher, which expects their leaves. */
  seen(members: Iterable<PresentMember>): void {
    if (this.#silent) return;
    for (const member of members) {
      if (this.#known.size >= this.#limit()) return;
      if (this.#known.has(member.client)) continue;
      this.#known.set(member.client, { ...member, at: Number.NEGATIVE_INFINITY });
      this.#early.add(member.client);
    }
  }

  /** Removes the members of a gateway that died. @returns what to push */
  gone(gateway: string): readonly Coming[] {
    if (this.#silent) return []; // pushed once the room is small again
    const gone = [...this.#known.values()].filter(member => member.gateway === gateway);
    for (const member of gone) {
      this.#forget(member.client);
      this.#meanwhile?.set(member.client, { ...member, type: 'leave' });
    }
    return gone.map(({ client, user }) => ({ type: 'leave', client, user }));
  }

  /** Notes that a question is sent whose answer {@link compare} will take. */
  asking(now: Moment): void {
    this.#askedAt = now;
    this.#meanwhile = new Map();
  }

  /** Takes an answer of all gateways. @returns what to push */
  compare({ clients, members, partial }: RoomPresence): readonly Coming[] {
    const meanwhile = this.#meanwhile ?? new Map<string, JoinEvent>();
    this.#meanwhile = null;
    const limit = this.#limit();
    if (members === null || clients > (this.#silent ? Math.ceil(limit * AGAIN) : limit)) {
      this.#silent = true;
      return [];
    }
    const there = new Map(members);
    for (const [client, event] of meanwhile) {
      if (event.type === 'leave') there.delete(client);
      else there.set(client, { client, user: event.user, gateway: event.gateway });
    }
    const came = [...there.values()].filter(({ client }) => !this.#known.has(client));
    const missing = [...this.#known.values()].filter(({ client }) => !there.has(client));
    const left = partial ? [] : missing.filter(({ at }) => at < this.#askedAt - NEWS_MS);
    const first = this.#fresh && !this.#silent;
    for (const { client } of left) this.#forget(client);
    for (const member of came) {
      this.#known.set(member.client, { ...member, at: Number.NEGATIVE_INFINITY });
      if (first) this.#early.add(member.client);
    }
    this.#silent = false;
    this.#fresh = false;
    this.#unsure = partial || missing.length > left.length;
    const news = first ? [] : came; // first watchers ask for presence themselves
    return [
      ...left.map(({ client, user }) => ({ type: 'leave' as const, client, user })),
      ...news.map(({ client, user }) => ({ type: 'join' as const, client, user })),
    ];
  }

  #forget(client: string): boolean {
    this.#early.delete(client);
    return this.#known.delete(client);
  }
}
