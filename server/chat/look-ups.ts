import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { findStored } from '../room/find-stored.ts';
import type { HistoryStore, SentKey } from '../room/history-store.ts';
import type { RoomLog, Stored } from '../room/log.ts';
import { StoredUntil } from '../room/stored-until.ts';
import type { Config } from '../settings/config.ts';
import type { Clocks } from '../time/clock.ts';

export interface LookUpsOptions {
  readonly log: RoomLog;
  readonly store: HistoryStore;
  readonly now: Clocks['now'];
  /** Read at each use, as they may change. */
  readonly limits: Pick<Config, 'lookUpsPerUser' | 'dedupeSeconds'>;
}

/** Looks for messages whose ids JetStream no longer recognises: few at a time for each user of a gateway. */
export class LookUps {
  readonly #options: LookUpsOptions;
  readonly #storedUntil: StoredUntil;
  readonly #underWay = new Map<string, number>();

  constructor(options: LookUpsOptions) {
    this.#options = options;
    this.#storedUntil = new StoredUntil(options.log, options.now);
  }

  /**
   * Milliseconds for which JetStream certainly recognises an id of the room: half of its deduplication window. The other
   * half covers clocks that differ and the time a message takes to the stream. The window of the stream counts where it
   * is shorter than this gateway's option.
   */
  youngMs(room: string): number {
    const { log, limits } = this.#options;
    return Math.min(limits.dedupeSeconds * 1000, log.dedupeMs(log.partitionOf(room))) / 2;
  }

  /**
   * Finds the stored message with a deduplication key.
   * @param isYoung true if it may be younger than {@link youngMs}, so that LOG alone may have it
   * @returns null if no such message is stored
   * @throws {CommandError} 111 when too many look-ups of the user are under way
   * @throws {StoreUnavailable} when MongoDB is away, {@link ReadFailed} when LOG is, or is too far ahead of MongoDB
   */
  async find(user: string, room: string, key: SentKey, isYoung = false): Promise<Stored | null> {
    const { log, store, limits } = this.#options;
    const underWay = this.#underWay.get(user) ?? 0;
    if (underWay >= limits.lookUpsPerUser)
      throw new CommandError(
        ERRORS.tooManyRequests,
        `at most ${limits.lookUpsPerUser} old ids of a user are looked up at the same time`,
      );
    this.#underWay.set(user, underWay + 1);
    try {
      const partition = log.partitionOf(room);
      const inStore = !isYoung && (await this.#storedUntil.covers(partition, this.youngMs(room)));
      const found = inStore ? await store.findSent(key) : await findStored({ log, store }, room, key);
      return found && { offset: found.offset, epoch: await log.currentEpoch(partition), duplicate: true };
    } finally {
      const left = (this.#underWay.get(user) ?? 1) - 1;
      if (left > 0) this.#underWay.set(user, left);
      else this.#underWay.delete(user);
    }
  }
}
