import { ReadFailed } from '../bus/direct-read.ts';
import type { HistoryStore } from '../store/store.ts';
import type { RoomLog } from './log.ts';

/** Messages of a room above the stored floor that are looked through, one by one, from the newest. */
const MOST_UNSTORED = 1_000;

/**
 * Looks for a message by its deduplication key where JetStream's own window has ended: in MongoDB, and in the part of
 * LOG that MongoDB may not have yet.
 * @throws {StoreUnavailable} when MongoDB is away, {@link ReadFailed} when LOG is, or is too far ahead of MongoDB
 */
export async function findStored(
  from: { readonly store: HistoryStore; readonly log: RoomLog },
  room: string,
  dedupe: string,
): Promise<{ readonly offset: number } | null> {
  // The floor first: what is stored after it was asked is found in one of the two.
  const floor = await from.log.storedFloor(from.log.partitionOf(room));
  const stored = await from.store.findByDedupe(dedupe);
  if (stored) return stored;
  let below = (await from.log.top(room)) + 1;
  for (let looked = 0; looked < MOST_UNSTORED; looked++) {
    const message = below > 1 ? await from.log.readLastBelow(room, below) : null;
    if (!message || message.offset <= floor) return null;
    if (message.dedupe === dedupe) return { offset: message.offset };
    below = message.offset;
  }
  throw new ReadFailed('MongoDB is too far behind to know whether this message is stored');
}
