import type { StoredMessage } from './message.ts';
import type { OlderPage, Page, RoomReader } from './reader.ts';

/** Leaves out messages of a room, and keeps the order of the others. */
export type Filter = (room: string, messages: readonly StoredMessage[]) => Promise<readonly StoredMessage[]>;

/** Messages of a second read at least: where many are left out in a row, a small page must not take a read for each. */
const STEP = 100;
/**
 * Messages that may be left out of one page: some 20 reads, so that a gateway answers within seconds and other reads come between,
 * however many messages of a room are deleted.
 */
export const MOST_LEFT_OUT = 2_000;

/**
 * Makes a reader that leaves out what a filter does: the offsets are missing, as those of other rooms are. It reads on until a page
 * has a message that is left, at most over {@link MOST_LEFT_OUT}: an empty page with {@link Page.skippedTo} is to be read on by the
 * caller, every other one is as certain as that of `reader`. Rejects as the filter does, too.
 */
export function filteredReader(reader: RoomReader, filter: Filter): RoomReader {
  return {
    async after(room, offset, limit, counted): Promise<Page> {
      let holed = false;
      let leftOut = 0;
      for (let [at, count] = [offset, limit]; ; count = Math.max(limit, STEP)) {
        const page = await reader.after(room, at, count, counted);
        holed ||= page.holed;
        const left = await filter(room, page.messages);
        const messages = left.slice(0, limit);
        const reached = reachedBy(page);
        if (messages.length > 0 || reached === null)
          return { ...page, messages, pending: page.pending + left.length - messages.length, holed };
        leftOut += page.messages.length;
        if (page.skippedTo !== null || leftOut >= MOST_LEFT_OUT)
          return { ...page, messages, holed, skippedTo: reached };
        at = reached;
      }
    },

    async before(room, offset, limit): Promise<OlderPage> {
      const found: StoredMessage[] = [];
      let leftOut = 0;
      for (let [at, count] = [offset, limit]; ; count = Math.max(limit - found.length, STEP)) {
        const page = await reader.before(room, at, count);
        const left = await filter(room, page.messages);
        found.push(...left);
        const reached = reachedBy(page);
        const more = page.messages.length - left.length;
        const isEnd = reached === null || (more === 0 && page.skippedTo === null);
        if (isEnd || found.length >= limit) return { messages: found.slice(0, limit), skippedTo: null };
        leftOut += more;
        // A page may be short, but an empty one must not pass for the end.
        if (page.skippedTo !== null || leftOut >= MOST_LEFT_OUT)
          return { messages: found, skippedTo: found.length === 0 ? reached : null };
        at = reached;
      }
    },
  };
}

/** Offset of the last message that a page was made of; null at the end of the room. */
const reachedBy = ({ messages, skippedTo }: OlderPage): number | null => messages.at(-1)?.offset ?? skippedTo;
