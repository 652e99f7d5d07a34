import { type Entry, readEntry } from '../fold/entry.ts';
import type { RoomFold } from '../fold/room-fold.ts';
import { ReadFailed, type RoomLog } from '../room/log.ts';
import type { StoredMessage } from '../room/message.ts';

/** Entries of one read: some 100 KB. */
const STEP = 500;
/** Entries of a room above a position that are read for one answer. MongoDB is seconds behind, unless it is away. */
const MOST = 10_000;

/**
 * Reads all entries of a room in LOG above an offset, as far as the replica that answers has them.
 * @throws {ReadFailed} if LOG does not answer, or has more than {@link MOST}
 */
export async function entriesAfter(
  log: Pick<RoomLog, 'readAfter'>,
  room: string,
  after: number,
): Promise<StoredMessage[]> {
  const found: StoredMessage[] = [];
  for (let at = after; found.length < MOST; ) {
    const { messages, pending, reached } = await log.readAfter(room, at, STEP);
    found.push(...messages);
    if (pending === 0 || reached === at) return found;
    at = reached;
  }
  throw new ReadFailed(`${room} has more than ${MOST} entries that are not in the messages of MongoDB yet`);
}

/** Body of an entry as JSON; null for one that is none. */
export function dataOf({ body }: Pick<StoredMessage, 'body'>): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return null;
  }
}

/** Entries of stored ones, without those that change nothing. */
export const entriesOf = (stored: readonly StoredMessage[]): Entry[] =>
  stored.flatMap(each => readEntry(each, dataOf(each)) ?? []);

/** Adds entries to a fold. */
export function addEntries(fold: RoomFold, entries: readonly Entry[]): RoomFold {
  for (const entry of entries) fold.add(entry);
  return fold;
}
