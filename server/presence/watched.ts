import type { Moment } from '../time/clock.ts';
import type { PresentMember } from './gather.ts';
import type { RoomPresence } from './presence.ts';
import type { JoinEvent } from './wire.ts';

/** News for watchers. */
export interface Coming {
  readonly type: 'join' | 'leave';
  readonly client: string;
  readonly user: string;
}

/**
 * Share of the limit below which a room that was too large is told of again: else one that stays about as large as the
 * limit would be compared all the time.
 */
const AGAIN = 0.8;
/**
 * A join that was heard this long before a question is newer than an answer without it: its gateway may not have been
 * asked, because what it holds is known by the next heartbeat at the latest.
 */
const NEWS_MS = 3_000;

interface Told extends PresentMember {
  /** When its join was heard; minus infinity if it was not. */
  readonly at: number;
}

/**
 * What the watchers of one room on this gateway know: who came and who went since they asked. Events may be lost and may
 * come twice: now and then it is compared with an answer of all gateways, and what differs is told then. Above the limit
 * nothing is told, until the room is clearly below it. Pure.
 */
export class Watched {
  readonly #limit: () => number;
  /** Members that the watchers know of. */
  readonly #told = new Map<string, Told>();
  /** Those of them who were there before the first watcher: their join may still be on its way. */
  readonly #untold = new Set<string>();
  /** Who was there before the first watcher is not known yet. */
  #fresh = true;
  #silent = false;
  /** What was heard while a question is under way: its answer may be older. */
  #meanwhile: Map<string, JoinEvent> | null = null;
  #askedAt = 0;
  #unsure = false;

  /** @param limit connections of a room above which nothing is told */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** The room is too large: nothing is told. */
  get silent(): boolean {
    return this.#silent;
  }

  /** The last answer left something open: the room should be compared again soon. */
  get unsure(): boolean {
    return this.#unsure || this.#silent;
  }

  /** @returns what to tell */
  heard(event: JoinEvent, now: Moment): readonly Coming[] {
    this.#meanwhile?.set(event.client, event);
    if (this.#silent) return [];
    const { type, client, user, gateway } = event;
    if (type === 'leave') return this.#forget(client) || this.#fresh ? [{ type, client, user }] : [];
    if (this.#told.has(client)) return this.#untold.delete(client) ? [{ type, client, user }] : [];
    if (this.#told.size >= this.#limit()) {
      this.#silent = true;
      return [];
    }
    this.#told.set(client, { client, user, gateway, at: now });
    return [{ type, client, user }];
  }

  /** A watcher was answered who is there: of their leaves it wants to hear too. */
  seen(members: Iterable<PresentMember>): void {
    if (this.#silent) return;
    for (const member of members) {
      if (this.#told.size >= this.#limit()) return;
      if (this.#told.has(member.client)) continue;
      this.#told.set(member.client, { ...member, at: Number.NEGATIVE_INFINITY });
      this.#untold.add(member.client);
    }
  }

  /** A gateway is gone without a word, and its members with it. @returns what to tell */
  gone(gateway: string): readonly Coming[] {
    if (this.#silent) return []; // told when the room is small again
    const gone = [...this.#told.values()].filter(member => member.gateway === gateway);
    for (const member of gone) {
      this.#forget(member.client);
      this.#meanwhile?.set(member.client, { ...member, type: 'leave' });
    }
    return gone.map(({ client, user }) => ({ type: 'leave', client, user }));
  }

  /** Call when a question is asked whose answer {@link compare} takes. */
  asking(now: Moment): void {
    this.#askedAt = now;
    this.#meanwhile = new Map();
  }

  /** Takes an answer of all gateways. @returns what to tell */
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
    const came = [...there.values()].filter(({ client }) => !this.#told.has(client));
    const missing = [...this.#told.values()].filter(({ client }) => !there.has(client));
    const left = partial ? [] : missing.filter(({ at }) => at < this.#askedAt - NEWS_MS);
    const first = this.#fresh && !this.#silent;
    for (const { client } of left) this.#forget(client);
    for (const member of came) {
      this.#told.set(member.client, { ...member, at: Number.NEGATIVE_INFINITY });
      if (first) this.#untold.add(member.client);
    }
    this.#silent = false;
    this.#fresh = false;
    this.#unsure = partial || missing.length > left.length;
    const told = first ? [] : came; // first watchers ask themselves who is there
    return [
      ...left.map(({ client, user }) => ({ type: 'leave' as const, client, user })),
      ...told.map(({ client, user }) => ({ type: 'join' as const, client, user })),
    ];
  }

  #forget(client: string): boolean {
    this.#untold.delete(client);
    return this.#told.delete(client);
  }
}
