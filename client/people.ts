import type { Clock } from '../server/time/clock.ts';
import { type CallError, callErrorOf } from './call-error.ts';
import { Listeners } from './listeners.ts';
import type { OwnSettings } from './own-settings.ts';
import { afterOwn, afterTheirs, type Friendship, type Relation, STRANGER } from './relation.ts';
import type { Publication } from './transport.ts';
import type { ParamsOf, ResultOf } from './verbs.ts';

/** User who asks to be a friend. */
export interface FriendRequest {
  readonly user: string;
  /** Words with the request; empty for none, and for a request that came while the user was away. */
  readonly note: string;
}

type ActOnUser = `friend.${'request' | 'accept' | 'decline' | 'remove'}` | `block.${'add' | 'remove'}`;

/** Users of a search, see `user.search`. */
export type FoundUsers = ResultOf<'user.search'>;

/**
 * Time for which an act counts more than the lists of the server, in ms: a worker writes acts to MongoDB within seconds. The lists
 * are read again behind it.
 */
const WRITTEN_MS = 30_000;

interface Lists {
  readonly friends: readonly string[];
  readonly requests: readonly FriendRequest[];
  readonly asked: readonly string[];
  readonly blocked: readonly string[];
}

const NOBODY: Lists = { friends: [], requests: [], asked: [], blocked: [] };

export interface PeopleOptions {
  readonly clock: Clock;
  readonly settings: OwnSettings;
  /** Acts on a user. @throws {CallError} */
  readonly act: (verb: ActOnUser, params: Readonly<{ user: string; note?: string }>) => Promise<ResultOf<ActOnUser>>;
  /** Reads a page; tried again after temporary errors. */
  readonly friends: (params: ParamsOf<'friend.list'>) => Promise<ResultOf<'friend.list'>>;
  readonly blocked: (params: ParamsOf<'block.list'>) => Promise<ResultOf<'block.list'>>;
  readonly search: (params: ParamsOf<'user.search'>) => Promise<FoundUsers>;
  /** Called when the user has blocked another one, or has ended that. */
  readonly onBlock: (user: string) => void;
}

/**
 * Friends of the user, requests, and users whom the user blocks. Empty until {@link open} is called. Then the lists are read at every
 * connect, and follow the entries of the user's inbox.
 */
export class People {
  /** Emits when the lists, {@link loaded} or {@link error} have changed. */
  readonly changed = new Listeners();
  /** The user's own settings. */
  readonly settings: OwnSettings;
  readonly #options: PeopleOptions;
  #relations = new Map<string, Relation>();
  #lists: Lists = NOBODY;
  /** Number of own acts without an answer, by the user they are on. */
  readonly #acting = new Map<string, number>();
  #wanted = false;
  #loaded = false;
  #error: CallError | null = null;
  #reading: Promise<void> | null = null;
  #again = false;
  #cancelRead: (() => void) | null = null;

  constructor(options: PeopleOptions) {
    this.#options = options;
    this.settings = options.settings;
  }

  /** Users who are friends, ascending. */
  get friends(): readonly string[] {
    return this.#lists.friends;
  }

  /** Users who wait for an answer of this user, ascending. */
  get requests(): readonly FriendRequest[] {
    return this.#lists.requests;
  }

  /** Users whose answer this user waits for, ascending. */
  get asked(): readonly string[] {
    return this.#lists.asked;
  }

  /** Users whom this user blocks, ascending. */
  get blocked(): readonly string[] {
    return this.#lists.blocked;
  }

  /** True once all lists were read. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** Error of the last read, after which the lists are those of the one before; null if it succeeded. */
  get error(): CallError | null {
    return this.#error;
  }

  friendshipWith(user: string): Friendship {
    return this.#relations.get(user)?.state ?? 'none';
  }

  /** True if this user blocks another one. */
  blocks(user: string): boolean {
    return this.#relations.get(user)?.blocked ?? false;
  }

  /** Reads the lists, unless that was asked for before. */
  open(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    void this.refresh();
  }

  /** Reads the lists. A call during a read makes one more behind it. Never rejects, see {@link error}. */
  refresh(): Promise<void> {
    this.#again = true;
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  /** Asks a user to be a friend; accepts, if that one has asked. @throws {CallError} 103 if the user does not allow it, 409 if this one blocks the user */
  request(user: string, note = ''): Promise<Friendship> {
    return this.#act('friend.request', { user, ...(note === '' ? {} : { note }) });
  }

  /** @throws {CallError} 404 if there is no request */
  accept(user: string): Promise<Friendship> {
    return this.#act('friend.accept', { user });
  }

  /** Declines a request. The other user is not told. @throws {CallError} */
  decline(user: string): Promise<Friendship> {
    return this.#act('friend.decline', { user });
  }

  /** Ends a friendship, or takes the own request back. @throws {CallError} */
  remove(user: string): Promise<Friendship> {
    return this.#act('friend.remove', { user });
  }

  /** Blocks a user, which ends the friendship. @throws {CallError} */
  async block(user: string): Promise<void> {
    await this.#act('block.add', { user });
  }

  /** @throws {CallError} */
  async unblock(user: string): Promise<void> {
    await this.#act('block.remove', { user });
  }

  /** Finds users by words of their names, or by the id. @param cursor of the page before @throws {CallError} */
  search(q: string, options: { readonly limit?: number; readonly cursor?: string } = {}): Promise<FoundUsers> {
    return this.#options.search({ q, ...options });
  }

  /** Takes an entry of the user's own inbox. */
  entry({ type, data }: Pick<Publication, 'type' | 'data'>): void {
    if (!this.#wanted || (type !== 'contact' && type !== 'friend')) return;
    const { user, act, note } = (data ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof user !== 'string') return;
    // The answer to an act of this device says what became of it.
    if (type === 'contact' && this.#acting.has(user)) return;
    const known = this.#relations.get(user) ?? STRANGER;
    const next = type === 'contact' ? afterOwn(known, act) : afterTheirs(known, act, note);
    if (next) this.#set(user, next);
  }

  /** Reads the lists for a new connection, which may have missed entries of the inbox. */
  connected(): void {
    if (this.#wanted) void this.refresh();
  }

  /** Ends the timer: the next connect reads anyway. */
  disconnected(): void {
    this.#cancelRead?.();
  }

  async #act(verb: ActOnUser, params: Readonly<{ user: string; note?: string }>): Promise<Friendship> {
    const { user } = params;
    this.#acting.set(user, (this.#acting.get(user) ?? 0) + 1);
    try {
      const { state, blocked } = await this.#options.act(verb, params);
      this.#set(user, { ...(this.#relations.get(user) ?? STRANGER), state, blocked });
      return state;
    } finally {
      const others = (this.#acting.get(user) ?? 1) - 1;
      if (others === 0) this.#acting.delete(user);
      else this.#acting.set(user, others);
    }
  }

  #set(user: string, next: Relation): void {
    const { clock, onBlock } = this.#options;
    const before = this.blocks(user);
    this.#relations.set(user, { ...next, note: next.state === 'in' ? next.note : '', at: clock.now() });
    this.#emit();
    if (before !== next.blocked) onBlock(user);
    this.#readBehind();
  }

  /** Reads the lists once they have the acts: of two users at the same time these may mean something else than each alone. */
  #readBehind(): void {
    if (!this.#wanted) return;
    this.#cancelRead?.();
    this.#cancelRead = this.#options.clock.after(WRITTEN_MS + 1, () => void this.refresh());
  }

  #emit(): void {
    const sorted = [...this.#relations].sort(([one], [other]) => (one < other ? -1 : 1));
    const of = (state: Friendship) => sorted.filter(([, relation]) => relation.state === state);
    this.#lists = {
      friends: of('friend').map(([user]) => user),
      requests: of('in').map(([user, { note }]) => ({ user, note })),
      asked: of('out').map(([user]) => user),
      blocked: sorted.filter(([, { blocked }]) => blocked).map(([user]) => user),
    };
    this.changed.emit();
  }

  async #readAll(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      const { clock, friends, blocked } = this.#options;
      const begun = clock.now();
      try {
        const [states, blocks] = await Promise.all([pages(friends), pages(blocked)]);
        this.#replace(states, blocks, begun);
        this.#loaded = true;
        this.#error = null;
      } catch (thrown) {
        this.#error = callErrorOf(thrown);
      }
      this.#emit();
    }
  }

  /** Takes lists that the server was asked for at a time. What is known from acts shortly before, or since, counts more. */
  #replace(
    states: readonly { readonly user: string; readonly state: Friendship }[],
    blocks: readonly { readonly user: string }[],
    begun: ReturnType<Clock['now']>,
  ): void {
    const read = new Map<string, Relation>();
    for (const { user, state } of states)
      read.set(user, { ...STRANGER, state, note: this.#relations.get(user)?.note ?? '' });
    for (const { user } of blocks) read.set(user, { ...STRANGER, blocked: true });
    const late = [...this.#relations].filter(([, { at }]) => at !== null && begun - at <= WRITTEN_MS);
    for (const [user, known] of late) read.set(user, known);
    if (late.length > 0) this.#readBehind();
    const before = this.#relations;
    this.#relations = read;
    for (const user of new Set([...before.keys(), ...read.keys()]))
      if ((before.get(user)?.blocked ?? false) !== this.blocks(user)) this.#options.onBlock(user);
  }
}

/** All items of a list that is read in pages. */
async function pages<T>(
  read: (params: { cursor?: string }) => Promise<{ readonly items: readonly T[]; readonly cursor?: string }>,
): Promise<readonly T[]> {
  const items: T[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await read(cursor === undefined ? {} : { cursor });
    items.push(...page.items);
    cursor = page.cursor;
    if (cursor === undefined) return items;
  }
}
