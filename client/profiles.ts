import type { Clock, Moment } from '../server/time/clock.ts';
import { Listeners } from './listeners.ts';
import type { Publication } from './transport.ts';
import type { ParamsOf, ResultOf } from './verbs.ts';

/** Profile of a user. Without a name for a user who has none. */
export type UserProfile = ResultOf<'profile.get'>['users'][number];

/** Time in which users are collected before they are read, in ms: a page that shows a list asks for all of them at once. */
const TOGETHER_MS = 50;
/** Users of one call. */
const MOST_USERS = 100;
/** Age at which a profile is read again when it is asked for, in ms. */
const AGE_MS = 300_000;
/** Profiles that are kept: those of the largest list of members, and as many again. */
const MOST_KEPT = 2_000;

interface Kept {
  readonly profile: UserProfile | null;
  /** Time of the last read, or of the wish for it. */
  readonly at: Moment;
}

export interface ProfilesOptions {
  readonly user: string;
  readonly clock: Clock;
  /** Reads profiles; tried again after temporary errors. */
  readonly read: (params: ParamsOf<'profile.get'>) => Promise<ResultOf<'profile.get'>>;
}

/** Profiles of the users that an application shows, at most some minutes old. */
export class Profiles {
  /** Emits when profiles that {@link of} was asked for have been read. */
  readonly changed = new Listeners();
  readonly #options: ProfilesOptions;
  readonly #kept = new Map<string, Kept>();
  #wanted = new Set<string>();

  constructor(options: ProfilesOptions) {
    this.#options = options;
  }

  /** Last known profile of a user; null until it was read. One that is not known or old is read soon. */
  of(user: string): UserProfile | null {
    const { clock } = this.#options;
    const now = clock.now();
    const kept = this.#kept.get(user);
    if (!kept || now - kept.at >= AGE_MS) {
      this.#keep(user, { profile: kept?.profile ?? null, at: now });
      if (this.#wanted.size === 0) clock.after(TOGETHER_MS, () => this.#readWanted());
      this.#wanted.add(user);
    }
    return kept?.profile ?? null;
  }

  /** Takes an entry of the user's own inbox: the own profile is known from it before a worker has written it. */
  entry({ type, data }: Pick<Publication, 'type' | 'data'>): void {
    if (type !== 'me') return;
    const { user, clock } = this.#options;
    const { profile, status } = data as {
      readonly profile?: Omit<UserProfile, 'user' | 'status'>;
      readonly status?: Status;
    };
    if (!profile && !status) return;
    const { status: known, ...others } = this.#kept.get(user)?.profile ?? { user };
    const current = status ? statusOf(status) : known;
    const next = { ...(profile ? { user, ...profile } : others), ...(current ? { status: current } : {}) };
    this.#keep(user, { profile: next, at: clock.now() });
    this.changed.emit();
  }

  #readWanted(): void {
    const users = [...this.#wanted];
    this.#wanted = new Set();
    for (let start = 0; start < users.length; start += MOST_USERS)
      void this.#read(users.slice(start, start + MOST_USERS));
  }

  async #read(users: readonly string[]): Promise<void> {
    const { clock, read } = this.#options;
    const at = clock.now();
    try {
      const answer = await read({ users });
      for (const profile of answer.users)
        if ((this.#kept.get(profile.user)?.at ?? at) <= at) this.#keep(profile.user, { profile, at });
    } catch {
      // Read again when it is asked for: a name is shown by the id until then.
      for (const user of users) if (!this.#kept.get(user)?.profile) this.#kept.delete(user);
      return;
    }
    this.changed.emit();
  }

  #keep(user: string, kept: Kept): void {
    this.#kept.delete(user);
    this.#kept.set(user, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }
}

type Status = NonNullable<UserProfile['status']>;

/** Status of an entry; undefined for an empty one. */
function statusOf({ text = '', emoji = '', until = 0 }: Status): Status | undefined {
  if (text === '' && emoji === '') return undefined;
  return { text, emoji, ...(until > 0 ? { until } : {}) };
}
