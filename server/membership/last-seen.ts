import { StoreUnavailable } from '../room/history-store.ts';
import type { Clock } from '../time/clock.ts';
import type { MarkArchive } from './mark-archive.ts';
import { type MarkKey, type MarkStore, MOST_MARK_KEYS } from './mark-store.ts';

export interface LastSeenOptions extends Pick<Clock, 'after' | 'wallClock'> {
  readonly store: MarkStore;
  readonly archive: MarkArchive;
}

const MINUTE_MS = 60_000;
/** Time in which users who leave are collected: who reloads a page costs one write. */
const COLLECT_MS = 1_000;
/** Users who wait to be written. Of more, as while NATS is away, those that left first are forgotten. */
const MOST_WAITING = 50_000;

/** Key of the time, beside the marks of a user: it only rises, as they do. No room has such a name. */
const keyOf = (user: string): MarkKey => ({ user, room: 'seen' });

/** Times at which users were seen last, in whole minutes: written once when the last connection on a gateway ends. */
export class LastSeen {
  readonly #options: LastSeenOptions;
  #waiting = new Map<string, number>();
  constructor(options: LastSeenOptions) {
    this.#options = options;
  }

  /** Takes note that a user has left. Written soon; lost if NATS does not answer then. */
  left(user: string): void {
    if (this.#waiting.size === 0) this.#options.after(COLLECT_MS, () => void this.flush());
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size >= MOST_WAITING && oldest !== undefined) this.#waiting.delete(oldest);
    this.#waiting.set(user, Math.floor(this.#options.wallClock() / MINUTE_MS));
  }

  /** Writes what waits. Never rejects. */
  async flush(): Promise<void> {
    const all = [...this.#waiting];
    this.#waiting = new Map();
    for (let start = 0; start < all.length; start += MOST_MARK_KEYS)
      await this.#write(all.slice(start, start + MOST_MARK_KEYS)).catch(() => undefined);
  }

  /**
   * Reads the times, milliseconds since 1970, by user; those never seen are missing, and those that MongoDB alone has while it is away.
   * @throws {ReadFailed} if NATS does not answer
   */
  async of(users: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const { store, archive } = this.#options;
    const stored = await store.read(users.map(keyOf));
    const lacking = users.filter((_, index) => !stored[index]);
    const archived = lacking.length === 0 ? [] : await archive.read(lacking.map(keyOf)).catch(unlessAway);
    const minutes = new Map(lacking.map((user, index) => [user, archived[index]?.read ?? 0]));
    for (const [index, user] of users.entries()) minutes.set(user, stored[index]?.read ?? minutes.get(user) ?? 0);
    return new Map([...minutes].filter(([, minute]) => minute > 0).map(([user, minute]) => [user, minute * MINUTE_MS]));
  }

  async #write(all: readonly (readonly [user: string, minute: number])[]): Promise<void> {
    const { store } = this.#options;
    const stored = await store.read(all.map(([user]) => keyOf(user)));
    const writes = all.map(([user, minute], index) => {
      const { read = 0, revision = 0 } = stored[index] ?? {};
      // Another gateway that is faster writes the same minute, or the next one.
      return read >= minute ? null : store.write(keyOf(user), { read: minute, delivered: minute }, revision);
    });
    await Promise.allSettled(writes);
  }
}

function unlessAway(error: unknown): [] {
  if (error instanceof StoreUnavailable) return [];
  throw error;
}
