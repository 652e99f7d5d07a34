import type { StoredMessage } from './message.ts';
import type { Page, RoomReader } from './reader.ts';

/** Leaves out messages of a room, and keeps the order of the others. */
export type Filter = (room: string, messages: readonly StoredMessage[]) => Promise<readonly StoredMessage[]>;

/** Messages of a second read at least: where many are left out in a row, a small page must not take a read for each. */
const STEP = 100;

/**
 * Makes a reader that leaves out what a filter does: the offsets are missing, as those of other rooms are. It reads on until a page
 * has a message that is left, so that an empty page is as certain as that of `reader`. Rejects as the filter does, too.
 */
export function filteredReader(reader: RoomReader, filter: Filter): RoomReader {
  return {
    async after(room, offset, limit, counted): Promise<Page> {
      let holed = false;
      for (let [at, count] = [offset, limit]; ; count = Math.max(limit, STEP)) {
        const page = await reader.after(room, at, count, counted);
        holed ||= page.holed;
        const left = await filter(room, page.messages);
        const reached = page.messages.at(-1)?.offset;
        if (left.length > 0 || reached === undefined) {
          const messages = left.slice(0, limit);
          return { ...page, messages, pending: page.pending + left.length - messages.length, holed };
        }
        at = reached;
      }
    },

    async before(room, offset, limit): Promise<StoredMessage[]> {
      const found: StoredMessage[] = [];
      for (let [at, count] = [offset, limit]; found.length < limit; count = Math.max(limit - found.length, STEP)) {
        const page = await reader.before(room, at, count);
        const messages = await filter(room, page);
        found.push(...messages);
        if (messages.length === page.length) break;
        at = page.at(-1)?.offset ?? 0;
      }
      return found.slice(0, limit);
    },
  };
}
