import type { RoomLog } from './log.ts';

/** Returns true if LOG's leader has no readable message of a room between two offsets: a replica that was read lacks none there. */
export async function leaderHasNoMore(
  log: Pick<RoomLog, 'next' | 'readAfter'>,
  room: string,
  after: number,
  before: number,
): Promise<boolean> {
  for (let at = after; at < before - 1; ) {
    const next = await log.next(room, at);
    if (next === 0 || next >= before) return true;
    const { messages, reached } = await log.readAfter(room, next - 1, 1);
    if (messages.length > 0 || reached < next) return false;
    at = next; // it is unreadable
  }
  return true;
}
