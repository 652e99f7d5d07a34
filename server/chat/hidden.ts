import { inboxOf } from '../access/names.ts';
import { readHide } from '../fold/entry.ts';
import { type HistoryStore, StoreUnavailable } from '../room/history-store.ts';
import type { RoomLog } from '../room/log.ts';
import { dataOf } from '../room/message.ts';
import type { ViewReader } from '../room/views.ts';
import { entriesAfter } from './entries.ts';

export interface HiddenOptions {
  readonly log: Pick<RoomLog, 'readAfter' | 'partitionOf' | 'state' | 'top'>;
  readonly store: Pick<ViewReader, 'hidden' | 'viewedUpTo'> & Pick<HistoryStore, 'quiet'>;
}

/** Messages that users have hidden: those that MongoDB knows of, and those in the user's inbox that it does not know of yet. */
export class Hidden {
  readonly #options: HiddenOptions;

  constructor(options: HiddenOptions) {
    this.#options = options;
  }

  /**
   * Offsets from `from` to `to`, both included, of a room's messages that a user has hidden. While MongoDB is away, only those that
   * LOG still has: a list with a message too many is better than none.
   * @throws {ReadFailed} if LOG does not answer
   */
  async of(user: string, room: string, from: number, to: number): Promise<ReadonlySet<number>> {
    const { log, store } = this.#options;
    const inbox = inboxOf(user);
    const partition = log.partitionOf(inbox);
    const ask = async () => {
      const viewed = await store.viewedUpTo(partition); // before the hides: those at or below it are in them
      return { viewed, offsets: await store.hidden(user, room, from, to) };
    };
    const unknown = { viewed: 0, offsets: [] };
    const known = store.quiet()
      ? unknown
      : await ask().catch((error: unknown) => {
          if (error instanceof StoreUnavailable) return unknown;
          throw error;
        });
    const { first } = await log.state(partition);
    const entries = await entriesAfter(log, inbox, Math.max(known.viewed, first - 1));
    const fresh = entries.flatMap(entry => readHide(entry, dataOf(entry)) ?? []).filter(hide => hide.room === room);
    return new Set([...known.offsets, ...fresh.flatMap(({ targets }) => targets.map(({ target }) => target))]);
  }
}
