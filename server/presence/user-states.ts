import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Member } from '../room/member.ts';
import type { Clock } from '../time/clock.ts';
import {
  ended,
  forgetAcquaintances,
  type ReadSettings,
  type ReadSight,
  readAudiences,
  seeAgain,
  seenBy,
  tellAudience,
} from './audiences.ts';
import type { RoomPresence } from './room-presence.ts';
import { mergedState, stateOf, type UserState } from './states.ts';
import { type StateEvent, WatchedUser } from './watched-user.ts';
import { type Entry, type ShownState, type StatePushes, visible, type Watch, type Watching } from './watching.ts';

export interface UserStatesOptions extends Pick<Clock, 'now' | 'after' | 'wallClock'> {
  readonly gateway: string;
  /** Connections of a user on this gateway. */
  readonly own: (user: string) => Iterable<Member>;
  /** Connections of a user on all gateways, with answers from after the call. Never rejects. */
  readonly ask: (user: string) => Promise<RoomPresence>;
  readonly settings: ReadSettings;
  /** Acquaintances of a user among others. */
  readonly sight: ReadSight;
  /** Hides a user of this gateway in rooms from now on, or shows the user again. */
  readonly invisible: (user: string, isInvisible: boolean) => void;
  /** Lets the other gateways tell this one about a user, or ends that. */
  readonly interest: (user: string, isWatched: boolean) => void;
  /** Tells the gateways that watch a user, but not this one. */
  readonly tell: (event: StateEvent) => void;
  /** Times at which users were seen last, see {@link LastSeen.of}. */
  readonly lastSeen: (users: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  readonly pushes: StatePushes;
}

/** Most users that a connection watches. */
export const MOST_WATCHED = 200;
/** Time for which a user whose connections ended is shown as before: most connect again, also when a gateway ends. */
const GRACE_MS = 3_000;
/** Time to the second comparison: until then other gateways may not know that the user is watched here. */
const SECOND_MS = 1_000;
/** Time between comparisons, which find lost events. */
const COMPARE_MS = 60_000;
/** Comparisons of a user after which it is read again who may see the user: most changes come as events. */
const SETTINGS_EVERY = 5;

/**
 * States of users over all devices and gateways, for the connections of this gateway that watch them. A gateway that watches a user
 * is told of each change on the others; now and then it compares, as events may be lost. Connections that watch nobody cost nothing.
 */
export class UserStates {
  readonly #options: UserStatesOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #watchings = new Map<Member, Watching>();

  constructor(options: UserStatesOptions) {
    this.#options = options;
  }

  /**
   * Watches users from now on, for the connection `client` of a user: pushes their changes to it. For a caller without a connection it
   * only answers.
   * @returns states in the order of `users`
   * @throws {CommandError} 106 if the connection would watch more than {@link MOST_WATCHED}
   * @throws {ReadFailed} {@link StoreUnavailable} if it is not known who may see whom; then it watches what it did before
   */
  async watch(user: string, client: string, users: readonly string[]): Promise<readonly ShownState[]> {
    const member = this.#member(user, client);
    const watching = (member && this.#watchings.get(member)) ?? { user, member, users: new Map<string, Watch>() };
    const added = [...new Set(users)].filter(each => !watching.users.has(each));
    if (watching.users.size + added.length > MOST_WATCHED)
      throw new CommandError(ERRORS.limitExceeded, `a connection watches at most ${MOST_WATCHED} users`);
    if (member) this.#watchings.set(member, watching);
    for (const each of added) this.#enter(watching, each);
    const entries = users.map(each => this.#entries.get(each)).filter(entry => entry !== undefined);
    try {
      await this.#load(watching, entries);
    } catch (error) {
      this.#unwatch(watching, added);
      throw error;
    }
    const states = users.map(each => {
      const [entry, watch] = [this.#entries.get(each), watching.users.get(each)];
      if (!entry || !watch) return { user: each, state: 'offline' } as const;
      const shown = visible(watching, entry, watch);
      watch.told = shown.state;
      return shown;
    });
    if (!member?.alive()) this.#unwatch(watching, [...watching.users.keys()]);
    return states;
  }

  /** Ends that for some users. */
  unwatch(user: string, client: string, users: readonly string[]): void {
    const member = this.#member(user, client);
    const watching = member && this.#watchings.get(member);
    if (watching) this.#unwatch(watching, users);
  }

  /** Takes note of a connection of a user here that came, ended, or went into the background or back. */
  moved(user: string, member: Member): void {
    const { gateway, own, tell } = this.#options;
    tell({ watched: user, gateway, state: stateOf(own(user)) });
    const watching = this.#watchings.get(member);
    if (watching && !member.alive()) this.#unwatch(watching, [...watching.users.keys()]);
    else if (watching) this.#push(watching);
    this.#look(user);
  }

  /** Takes note that the client of a connection went into the background or back. */
  turned(user: string, client: string): void {
    const member = this.#member(user, client);
    if (member) this.moved(user, member);
  }

  /** Takes note that a user may have changed the settings. Never throws. */
  async changed(user: string): Promise<void> {
    const { gateway, own, settings, invisible, tell, wallClock } = this.#options;
    const found = await Promise.resolve(settings([user])).catch(() => null);
    const said = seenBy(found?.get(user));
    if (!said) return; // NATS is away: comparisons find it
    invisible(user, said.invisible === true);
    tell({ watched: user, gateway, state: stateOf(own(user)), ...said });
    const entry = this.#entries.get(user);
    if (entry) tellAudience(entry, said, wallClock());
    this.#look(user);
  }

  /** Takes note that the friends, blocks or rooms of a user may have changed. Never throws. */
  async reconsider(user: string): Promise<void> {
    for (const member of this.#options.own(user)) {
      const watching = this.#watchings.get(member);
      if (!watching) continue;
      await this.#see(watching).catch(() => forgetAcquaintances(watching));
      this.#push(watching);
    }
  }

  /** Takes an event of another gateway. */
  heard(event: StateEvent): void {
    const entry = this.#entries.get(event.watched);
    if (!entry || event.gateway === this.#options.gateway) return;
    entry.others.heard(event);
    tellAudience(entry, event, this.#options.wallClock());
    this.#look(event.watched);
  }

  /** Takes note that a gateway died. */
  gatewayGone(gateway: string): void {
    for (const [user, { others }] of this.#entries) {
      others.gone(gateway);
      this.#look(user);
    }
  }

  /** Compares all watched users: events may have been lost. */
  resumed(): void {
    for (const entry of this.#entries.values()) entry.due = 0;
    this.tick();
  }

  /** Compares the users that are due, and repeats what could not be pushed. Call it every few seconds. */
  tick(): void {
    const now = this.#options.now();
    for (const entry of this.#entries.values()) if (entry.due <= now) void this.#compare(entry);
    for (const watching of this.#watchings.values()) this.#push(watching);
  }

  #member(user: string, client: string): Member | null {
    for (const member of this.#options.own(user)) if (member.client === client) return member;
    return null;
  }

  #enter(watching: Watching, user: string): void {
    const entry = this.#entries.get(user) ?? this.#start(user);
    entry.watchers.add(watching);
    watching.users.set(user, { acquaintance: null, told: null });
  }

  #start(user: string): Entry {
    const entry: Entry = {
      user,
      others: new WatchedUser(),
      watchers: new Set(),
      shown: null,
      lastSeen: 0,
      audience: null,
      isInvisible: false,
      told: 0,
      isEnding: false,
      comparing: null,
      comparisons: 0,
      due: Number.POSITIVE_INFINITY,
    };
    this.#entries.set(user, entry);
    this.#options.interest(user, true);
    void this.#compare(entry);
    return entry;
  }

  #unwatch(watching: Watching, users: readonly string[]): void {
    for (const user of users) {
      const entry = this.#entries.get(user);
      if (!watching.users.delete(user) || !entry) continue;
      entry.watchers.delete(watching);
      if (entry.watchers.size > 0) continue;
      this.#entries.delete(user);
      this.#options.interest(user, false);
    }
    if (watching.member && watching.users.size === 0) this.#watchings.delete(watching.member);
  }

  /** Loads what is needed to answer: who may see, and the states. */
  async #load(watching: Watching, entries: readonly Entry[]): Promise<void> {
    await Promise.all([
      this.#see(watching),
      this.#readAudiences(entries.filter(({ audience }) => audience === null)),
      ...entries.map(({ shown, comparing }) => (shown === null ? comparing : null)),
    ]);
    const offline = entries.filter(({ shown, isInvisible }) => shown === 'offline' || isInvisible);
    const seen = offline.length > 0 ? await this.#options.lastSeen(offline.map(({ user }) => user)) : new Map();
    for (const entry of offline) entry.lastSeen = Math.max(entry.lastSeen, seen.get(entry.user) ?? 0);
  }

  #readAudiences(entries: readonly Entry[]): Promise<void> {
    return readAudiences(this.#options.settings, entries, this.#options.wallClock);
  }

  async #see({ user, users }: Watching): Promise<void> {
    const seen = await this.#options.sight(user, [...users.keys()]);
    for (const [each, watch] of users) watch.acquaintance = seen.get(each) ?? null;
  }

  #compare(entry: Entry): Promise<void> {
    entry.comparing ??= this.#ask(entry).finally(() => {
      entry.comparing = null;
    });
    return entry.comparing;
  }

  async #ask(entry: Entry): Promise<void> {
    const { ask, now, gateway } = this.#options;
    entry.due = Number.POSITIVE_INFINITY;
    entry.others.asking();
    const isFirst = entry.comparisons === 0;
    // With the second comparison too: a change before it may be one of which the user's gateways did not tell this one.
    const isEvery = entry.comparisons % SETTINGS_EVERY === 1;
    const isRead = entry.audience === null ? !isFirst : isEvery;
    entry.comparisons += 1;
    const settings = isRead ? this.#readAudiences([entry]).catch(() => undefined) : null;
    const known = isEvery ? seeAgain(this.#options.sight, entry) : null;
    const { members, partial } = await ask(entry.user);
    await Promise.all([settings, known]);
    // More connections than one user may have: the user is there for sure.
    const others = [...(members?.values() ?? [])].filter(member => member.gateway !== gateway);
    entry.others.answered(others, partial || members === null);
    if (entry.due !== 0) entry.due = now() + (isFirst || partial || entry.audience === null ? SECOND_MS : COMPARE_MS);
    entry.shown ??= this.#stateOf(entry);
    this.#look(entry.user);
  }

  #stateOf({ user, others }: Entry): UserState {
    return mergedState([others.state, stateOf(this.#options.own(user))]);
  }

  /** Shows the state of a user as it is now, but the end of all connections a moment later. */
  #look(user: string): void {
    const entry = this.#entries.get(user);
    if (!entry || entry.shown === null) return;
    const state = this.#stateOf(entry);
    if (state === 'offline' && entry.shown !== 'offline') this.#endLater(entry);
    else entry.shown = state;
    for (const watching of entry.watchers) this.#options.pushes.push(watching, entry);
  }

  #endLater(entry: Entry): void {
    if (entry.isEnding) return;
    entry.isEnding = true;
    this.#options.after(GRACE_MS, () => {
      entry.isEnding = false;
      if (this.#entries.get(entry.user) !== entry) return;
      entry.shown = this.#stateOf(entry);
      if (entry.shown === 'offline') ended(entry, this.#options.wallClock());
      for (const watching of entry.watchers) this.#options.pushes.push(watching, entry);
    });
  }

  /** Pushes all states that the client does not have. */
  #push(watching: Watching): void {
    for (const user of watching.users.keys()) {
      const entry = this.#entries.get(user);
      if (entry) this.#options.pushes.push(watching, entry);
    }
  }
}
