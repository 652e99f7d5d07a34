import { inboxOf } from '../access/names.ts';
import { type HideEntry, readHide } from '../fold/entry.ts';
import { type HistoryStore, StoreUnavailable } from '../room/history-store.ts';
import type { RoomLog } from '../room/log.ts';
import { dataOf } from '../room/message.ts';
import type { MessagePlace, ViewReader } from '../room/views.ts';
import { entriesAfter } from './entries.ts';

export interface HiddenOptions {
  readonly log: Pick<RoomLog, 'readAfter' | 'partitionOf' | 'state' | 'top'>;
  readonly store: Pick<ViewReader, 'hidden' | 'hiddenOf' | 'viewedUpTo'> & Pick<HistoryStore, 'quiet'>;
}

/** Rooms that are read at the same time. */
const READS = 8;

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
    const { store } = this.#options;
    const found = await this.#hidden(user, () => store.hidden(user, room, from, to));
    const fresh = found.fresh.filter(hide => hide.room === room);
    return new Set([...found.known, ...fresh.flatMap(({ targets }) => targets.map(({ target }) => target))]);
  }

  /** Rooms among places, at most one a room, whose message a user has hidden. As {@link of}. */
  async roomsOf(user: string, places: readonly MessagePlace[]): Promise<ReadonlySet<string>> {
    const { store } = this.#options;
    const { known, fresh } = await this.#hidden(user, () => store.hiddenOf(user, places));
    const offsets = new Map(places.map(({ room, offset }) => [room, offset]));
    const later = fresh.filter(({ room, targets }) => targets.some(({ target }) => target === offsets.get(room)));
    return new Set([...known, ...later].map(({ room }) => room));
  }

  /** Offsets of the messages of rooms that a user has hidden, of all above an offset, by room. As {@link of}. */
  async above(
    user: string,
    rooms: readonly (readonly [room: string, above: number])[],
  ): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
    const { store } = this.#options;
    const { known, fresh } = await this.#hidden(user, async () => {
      const found: MessagePlace[] = [];
      const waiting = rooms.values();
      const lane = async () => {
        for (const [room, above] of waiting)
          for (const offset of await store.hidden(user, room, above + 1, Number.MAX_SAFE_INTEGER))
            found.push({ room, offset });
      };
      await Promise.all(Array.from({ length: READS }, lane));
      return found;
    });
    const later = fresh.flatMap(({ room, targets }) => targets.map(({ target }) => ({ room, offset: target })));
    const byRoom = Map.groupBy([...known, ...later], ({ room }) => room);
    return new Map(rooms.map(([room]) => [room, new Set(byRoom.get(room)?.map(({ offset }) => offset))] as const));
  }

  /** Hides that MongoDB knows of, and those in the inbox that it may not know of. */
  async #hidden<T>(
    user: string,
    read: () => Promise<readonly T[]>,
  ): Promise<{ readonly known: readonly T[]; readonly fresh: readonly HideEntry[] }> {
    const { log, store } = this.#options;
    const inbox = inboxOf(user);
    const partition = log.partitionOf(inbox);
    const ask = async () => {
      const viewed = await store.viewedUpTo(partition); // before the hides: those at or below it are in them
      return { viewed, known: await read() };
    };
    const unknown = { viewed: 0, known: [] };
    const { viewed, known } = store.quiet()
      ? unknown
      : await ask().catch((error: unknown) => {
          if (error instanceof StoreUnavailable) return unknown;
          throw error;
        });
    const { first } = await log.state(partition);
    const entries = await entriesAfter(log, inbox, Math.max(viewed, first - 1));
    return { known, fresh: entries.flatMap(entry => readHide(entry, dataOf(entry)) ?? []) };
  }
}
