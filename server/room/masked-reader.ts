import type { Masks } from './masks.ts';
import type { StoredMessage } from './message.ts';
import type { Page, RoomReader } from './reader.ts';

/**
 * Makes a reader that leaves out deleted messages and their edits: their offsets are missing, as those of other rooms are. It reads
 * on until a page has a message that is left, so that an empty page is as certain as that of `reader`.
 */
export function maskedReader(reader: RoomReader, masks: Pick<Masks, 'visible'>): RoomReader {
  return {
    async after(room, offset, limit, counted): Promise<Page> {
      let holed = false;
      for (let at = offset; ; ) {
        const page = await reader.after(room, at, limit, counted);
        holed ||= page.holed;
        const messages = await masks.visible(room, page.messages);
        const reached = page.messages.at(-1)?.offset;
        if (messages.length > 0 || reached === undefined) return { ...page, messages, holed };
        at = reached;
      }
    },

    async before(room, offset, limit): Promise<StoredMessage[]> {
      const found: StoredMessage[] = [];
      for (let at = offset; found.length < limit; ) {
        const page = await reader.before(room, at, limit - found.length);
        const messages = await masks.visible(room, page);
        found.push(...messages);
        if (messages.length === page.length) break;
        at = page.at(-1)?.offset ?? 0;
      }
      return found;
    },
  };
}
