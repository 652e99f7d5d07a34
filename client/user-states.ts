import type { Clock, Moment } from '../server/time/clock.ts';
import { callErrorOf } from './call-error.ts';
import { Listeners } from './listeners.ts';
import type { ParamsOf, ResultOf } from './verbs.ts';

/** State of a user over all devices, as the server tells it. */
export type UserState = ResultOf<'presence.watch'>['states'][number];

export interface UserStatesOptions {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** Calls a verb. @throws {CallError} */
  readonly call: <V extends 'presence.watch' | 'presence.unwatch'>(
    verb: V,
    params: ParamsOf<V>,
  ) => Promise<ResultOf<V>>;
}

/** Time in which users are collected before they are watched, in ms: a page that shows a list asks for all of them at once. */
const TOGETHER_MS = 50;
/** Time after a temporary error until the users are watched again, in ms. */
const AGAIN_MS = 5_000;
/** Users that a connection may watch. */
const MOST_WATCHED = 200;
/** Time after which a user who is not asked for any more makes room for another one, in ms. */
const UNUSED_MS = 60_000;

interface Watched {
  /** Null while it is not known. */
  state: UserState | null;
  /** Time at which {@link UserStates.of} was asked last. */
  at: Moment;
}

/**
 * States of the users that an application shows, 200 at most. They are watched anew on each connection, which may be to another gateway;
 * without one nobody's state is known.
 */
export class UserStates {
  /** Emits when {@link of} may answer differently. */
  readonly changed = new Listeners();
  readonly #options: UserStatesOptions;
  readonly #users = new Map<string, Watched>();
  /** Users to be watched with the next call. */
  readonly #next = new Set<string>();
  /** Number of the connection; 0 while there is none. */
  #connection = 0;
  #connections = 0;

  constructor(options: UserStatesOptions) {
    this.#options = options;
  }

  /** State of a user, who is watched from now on; null while it is not known, and for one more than 200. */
  of(user: string): UserState | null {
    const at = this.#options.clock.now();
    const known = this.#users.get(user);
    if (known) {
      known.at = at;
      return known.state;
    }
    if (this.#users.size >= MOST_WATCHED) this.#forgetUnused(at);
    if (this.#users.size >= MOST_WATCHED) return null;
    this.#users.set(user, { state: null, at });
    this.#want([user]);
    return null;
  }

  /** Takes note of a new connection, or of the end of one. */
  connection(isConnected: boolean): void {
    this.#connection = isConnected ? ++this.#connections : 0;
    for (const watched of this.#users.values()) watched.state = null;
    if (isConnected) this.#want(this.#users.keys());
    this.changed.emit();
  }

  /** Takes an event of the server, if it is about a state. */
  heard(data: unknown): void {
    const { type, ...state } = (data ?? {}) as UserState & { readonly type?: unknown };
    const watched = type === 'presence' ? this.#users.get(state.user) : undefined;
    if (!watched) return;
    watched.state = state;
    this.changed.emit();
  }

  #want(users: Iterable<string>, ms = TOGETHER_MS): void {
    if (this.#connection === 0) return;
    const isDue = this.#next.size > 0;
    for (const user of users) this.#next.add(user);
    if (!isDue && this.#next.size > 0) this.#options.clock.after(ms, () => void this.#watchNext());
  }

  async #watchNext(): Promise<void> {
    const connection = this.#connection;
    const users = [...this.#next].filter(user => this.#users.has(user));
    this.#next.clear();
    if (connection === 0 || users.length === 0) return;
    try {
      const { states } = await this.#options.call('presence.watch', { users });
      if (connection !== this.#connection) return;
      for (const state of states) {
        const watched = this.#users.get(state.user);
        if (watched) watched.state = state;
      }
    } catch (error) {
      // A gateway of the version before does not know the verb.
      if (connection === this.#connection && callErrorOf(error).temporary) this.#want(users, AGAIN_MS);
      return;
    }
    this.changed.emit();
  }

  #forgetUnused(now: Moment): void {
    const unused = [...this.#users].filter(([, { at }]) => now - at >= UNUSED_MS).map(([user]) => user);
    for (const user of unused) this.#users.delete(user);
    if (unused.length > 0 && this.#connection > 0)
      this.#options.call('presence.unwatch', { users: unused }).catch(() => undefined);
  }
}
