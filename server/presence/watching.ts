import type { Audience } from '../fold/user-settings.ts';
import type { Codec, Encoding } from '../protocol/codec.ts';
import type { Member } from '../room/member.ts';
import type { UserState } from './states.ts';
import type { WatchedUser } from './watched-user.ts';

/** Relation by which a user may see the state of another one, if that one's settings allow it. */
export type Acquaintance = 'friend' | 'known';

/** State of a user, as one watcher may know it. */
export interface ShownState {
  readonly user: string;
  readonly state: UserState;
  /** Time at which an offline user was seen last, in milliseconds since 1970, a whole minute. Missing if it is not known. */
  readonly lastSeen?: number;
}

/** User whom connections of this gateway watch. */
export interface Entry {
  readonly user: string;
  readonly others: WatchedUser;
  readonly watchers: Set<Watching>;
  /** State that is shown, see {@link GRACE_MS}; null before the first answer. */
  shown: UserState | null;
  /** See {@link ShownState.lastSeen}; 0 for none. */
  lastSeen: number;
  /** Null before the settings are known: nobody may see the user. */
  audience: Audience | null;
  /** True for a user who looks offline to everybody, with the {@link lastSeen} that the audience may know. */
  isInvisible: boolean;
  /** Events that brought settings: a read that began before one is older. */
  told: number;
  isEnding: boolean;
  comparing: Promise<void> | null;
  comparisons: number;
  /** Time of the next comparison. */
  due: number;
}

/** Connection that watches users. */
export interface Watching {
  readonly user: string;
  /** Null for a caller without a connection. */
  readonly member: Member | null;
  readonly users: Map<string, Watch>;
}

export interface Watch {
  acquaintance: Acquaintance | null;
  /** State that the client has; null before the answer of the call. */
  told: UserState | null;
}

/**
 * State of a user as a watcher may know it: offline, and never seen, for whoever may not see the user. An invisible user looks as one
 * who is offline does. Pure.
 */
export function visible(
  { user }: Pick<Watching, 'user'>,
  {
    user: other,
    audience,
    isInvisible,
    shown,
    lastSeen,
  }: Pick<Entry, 'user' | 'audience' | 'isInvisible' | 'shown' | 'lastSeen'>,
  { acquaintance }: Pick<Watch, 'acquaintance'>,
): ShownState {
  const may =
    user === other ||
    (acquaintance !== null && audience === 'everyone') ||
    (acquaintance === 'friend' && audience === 'friends');
  const state = (may && (user === other || !isInvisible) && shown) || 'offline';
  return { user: other, state, ...(may && state === 'offline' && lastSeen > 0 ? { lastSeen } : {}) };
}

export interface StatePushesOptions {
  readonly codecs: Readonly<Record<Encoding, Codec>>;
  /** Counts a state that was pushed to a client. */
  readonly pushed: () => void;
  /** True if a push is to wait, because the gateway is overloaded. */
  readonly drops: () => boolean;
}

/** Pushes of states to the clients that watch. */
export class StatePushes {
  readonly #options: StatePushesOptions;
  constructor(options: StatePushesOptions) {
    this.#options = options;
  }

  /** Pushes the state of a user, unless the client has it. One in the background or with a full buffer gets it at a later call, and each one once the gateway is not overloaded. */
  push(watching: Watching, entry: Entry): void {
    const { member, users } = watching;
    const watch = users.get(entry.user);
    if (!member || !watch || watch.told === null || member.isBackground) return;
    const shown = visible(watching, entry, watch);
    if (shown.state === watch.told) return;
    const { codecs, pushed, drops } = this.#options;
    if (drops()) return;
    const data = Buffer.from(JSON.stringify({ type: 'presence', ...shown }));
    if (!member.offer(codecs[member.encoding].push({ type: 'message', data }))) return;
    watch.told = shown.state;
    pushed();
  }
}
