import { ReadFailed } from '../bus/direct-read.ts';
import type { HistoryStore } from '../store/store.ts';
import type { RoomLog } from './log.ts';

/** Messages of a room above the stored floor that are looked through, and how many at once. */
const MOST_UNSTORED = 10_000;
const CHUNK = 500;

/**
 * Looks for a message by its deduplication key where JetStream's own window has ended: in MongoDB, and in the part of
 * LOG that MongoDB may not have yet.
 * @throws {StoreUnavailable} when MongoDB is away, {@link ReadFailed} when LOG is, or is too far ahead of MongoDB
 */
export async function findStored(
  from: { readonly store: Pick<HistoryStore, 'findByDedupe'>; readonly log: RoomLog },
  room: string,
  dedupe: string,
): Promise<{ readonly offset: number } | null> {
  // The floor first: what is stored after it was asked is found in one of the two.
  const floor = await from.log.storedFloor(from.log.partitionOf(room));
  const stored = await from.store.findByDedupe(dedupe);
  if (stored) return stored;
  const top = await from.log.top(room);
  let at = floor;
  for (let looked = 0; at < top; ) {
    if (looked >= MOST_UNSTORED)
      throw new ReadFailed('MongoDB is too far behind to know whether this message is stored');
    const { messages } = await from.log.readAfter(room, at, CHUNK);
    const found = messages.find(message => message.dedupe === dedupe);
    if (found) return { offset: found.offset };
    const last = messages.at(-1);
    // The leader knows of more: this replica lags.
    if (!last) throw new ReadFailed(`a replica of the stream of ${room} lags`);
    at = last.offset;
    looked += messages.length;
  }
  return null;
}
