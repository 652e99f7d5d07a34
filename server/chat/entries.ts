import { setTimeout as sleep } from 'node:timers/promises';
import { type Entry, readEntry } from '../fold/entry.ts';
import type { RoomFold } from '../fold/room-fold.ts';
import { ReadFailed, type RoomLog } from '../room/log.ts';
import { dataOf, type StoredMessage } from '../room/message.ts';
import { REPLICA_PATIENCE_MS } from '../room/replica-patience.ts';

/** Entries of one read: some 100 KB. */
const STEP = 500;
/** Entries of a room above a position that are read for one answer. MongoDB is seconds behind, unless it is away. */
const MOST = 10_000;

/**
 * Reads all entries of a room in LOG above an offset, at least up to the last one that the leader had: an entry that a replica lacks
 * may be the delete of another.
 * @throws {ReadFailed} if LOG does not answer, a replica lags, or LOG has more than {@link MOST}
 */
export async function entriesAfter(
  log: Pick<RoomLog, 'readAfter' | 'top'>,
  room: string,
  after: number,
): Promise<StoredMessage[]> {
  const found: StoredMessage[] = [];
  const top = await log.top(room);
  let waits = 0;
  for (let at = after; found.length < MOST; ) {
    if (at >= top) return found;
    const { messages, pending, reached } = await log.readAfter(room, at, STEP);
    found.push(...messages);
    const isEnd = pending === 0 || reached === at;
    at = reached;
    if (!isEnd || at >= top) continue;
    const patience = REPLICA_PATIENCE_MS[waits++];
    if (patience === undefined) throw new ReadFailed(`a replica of the stream of ${room} lags`);
    await sleep(patience);
  }
  throw new ReadFailed(`${room} has more than ${MOST} entries that are not in the messages of MongoDB yet`);
}

/** Entries of stored ones, without those that change nothing. */
export const entriesOf = (stored: readonly StoredMessage[]): Entry[] =>
  stored.flatMap(each => readEntry(each, dataOf(each)) ?? []);

/** Adds entries to a fold. */
export function addEntries(fold: RoomFold, entries: readonly Entry[]): RoomFold {
  for (const entry of entries) fold.add(entry);
  return fold;
}
