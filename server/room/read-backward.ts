import type { RoomLog } from './log.ts';
import type { StoredMessage } from './message.ts';

/** Offsets of the first window for each message that is wanted: a room is one of many in its partition. */
const FIRST_WIDTH = 16;
/** Factors by which a window is wider than the last one suggests, at least and at most. */
const SPARE = 1.3;
const WIDEST_STEP = 64;

/**
 * Reads the newest messages of a room in LOG with `after < offset < before`, descending, at most `limit`, without a gap between
 * them and `before`. LOG can only be read forwards, so windows below `before` are read, each as wide as the last one suggests:
 * a few requests for a page instead of one for each message.
 * @throws {ReadFailed}
 */
export async function readBackward(
  log: RoomLog,
  room: string,
  range: { readonly after: number; readonly before: number },
  limit: number,
): Promise<StoredMessage[]> {
  const found: StoredMessage[] = [];
  let end = range.before;
  let width = limit * FIRST_WIDTH;
  while (found.length < limit && end - 1 > range.after) {
    const want = limit - found.length;
    const start = Math.max(range.after, end - 1 - width);
    const { messages, pending, reached } = await log.readAfter(room, start, want * 2);
    const whole = pending === 0 || reached >= end - 1;
    if (!whole) {
      // The window has more messages than one read returns; wanted are those next to `end`.
      const density = Math.max(messages.length, 1) / (reached - start);
      const target = Math.min(want * SPARE, Math.max(messages.length, 1) * 0.8);
      width = Math.max(1, Math.floor(Math.min(target / density, (end - 1 - start) / 2)));
      continue;
    }
    const inside = messages.filter(({ offset }) => offset < end);
    found.push(...inside.reverse().slice(0, want));
    end = start + 1;
    if (inside.length > 0) {
      const step = ((want - inside.length) / inside.length) * SPARE;
      width = Math.ceil(width * Math.min(Math.max(step, 1), WIDEST_STEP));
    } else if (end - 1 > range.after) {
      const last = await log.readLastBelow(room, end); // over a stretch in which the room was quiet
      if (!last || last.offset <= range.after) break;
      found.push(last);
      end = last.offset;
      width *= 2;
    }
  }
  return found;
}
