import type { PageRange } from '../room/views.ts';
import type { Folded, FoldedRooms } from './folded-rooms.ts';
import type { Hidden } from './hidden.ts';

/** Pages that are read for one answer while the caller has hidden all messages of them. */
const MOST_PAGES = 10;

/** Sources of messages with their changes. */
export interface PageSources {
  readonly folded: Pick<FoldedRooms, 'page'>;
  readonly hidden: Pick<Hidden, 'of'>;
}

/**
 * Reads a page without what the user has hidden. Reads on where that is everything: an empty page is the end. Rejects as
 * {@link FoldedRooms.page} does.
 */
export async function visiblePage(
  { folded, hidden }: PageSources,
  user: string,
  room: string,
  range: PageRange,
): Promise<Folded> {
  let rest = range;
  let page = await folded.page(room, rest);
  for (let pages = 1; pages <= MOST_PAGES; pages++) {
    const [first, last] = [page.messages[0]?.offset, page.messages.at(-1)?.offset];
    if (first === undefined || last === undefined) break;
    const without = await hidden.of(user, room, first, last);
    const messages = page.messages.filter(({ offset }) => !without.has(offset));
    if (messages.length > 0 || pages === MOST_PAGES) return { ...page, messages };
    rest = range.reverse ? { ...rest, before: first } : { ...rest, after: last };
    page = await folded.page(room, rest);
  }
  return page;
}
