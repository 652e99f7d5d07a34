import type { HistoryStore, SentKey } from './history-store.ts';
import { ReadFailed, type RoomLog } from './log.ts';

/** Most messages of a room above the stored floor that are searched. */
const MOST_UNSTORED = 10_000;
const BATCH = 500;

/**
 * Searches a message by its deduplication key after JetStream's own window: in MongoDB, and in the part of LOG that MongoDB may
 * not have yet.
 * @throws {StoreUnavailable} if MongoDB is away
 * @throws {ReadFailed} if LOG is away, or too far ahead of MongoDB
 */
export async function findStored(
  from: { readonly store: HistoryStore; readonly log: RoomLog },
  room: string,
  key: SentKey,
): Promise<{ readonly offset: number } | null> {
  // The floor first: a message stored after that is found in one of the two.
  const floor = await from.log.storedFloor(from.log.partitionOf(room));
  const stored = await from.store.findSent(key);
  if (stored) return stored;
  const top = await from.log.top(room); // the leader's: a replica that lags must not look like the end
  let after = floor;
  for (let looked = 0; looked < MOST_UNSTORED; looked += BATCH) {
    const { messages, pending, reached } = await from.log.readAfter(room, after, BATCH);
    const found = messages.find(message => message.dedupe === key.dedupe);
    if (found) return { offset: found.offset };
    after = reached;
    if (after >= top) return null;
    if (pending === 0) throw new ReadFailed(`a replica of the stream of ${room} lags`);
  }
  throw new ReadFailed('MongoDB is too far behind to know whether this message is stored');
}
