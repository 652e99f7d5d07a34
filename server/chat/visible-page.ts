import type { PageRange } from '../room/views.ts';
import type { FoldedRange, FoldedRooms } from './folded-rooms.ts';
import type { Hidden } from './hidden.ts';

/** Pages that are read for one answer while the caller has hidden all messages of them. */
const MOST_PAGES = 10;
/** Messages of a page after the first one at least: many in a row may be hidden. */
const STEP = 100;

/** Sources of messages with their changes. */
export interface PageSources {
  readonly folded: Pick<FoldedRooms, 'page'>;
  readonly hidden: Pick<Hidden, 'of'>;
}

/**
 * Reads a page without what the user has hidden. Reads on where that is everything, up to {@link MOST_PAGES}: an empty page without
 * {@link FoldedRange.skippedTo} is the end. Rejects as {@link FoldedRooms.page} does.
 */
export async function visiblePage(
  { folded, hidden }: PageSources,
  user: string,
  room: string,
  range: PageRange,
): Promise<FoldedRange> {
  const { limit, reverse } = range;
  let rest = range;
  for (let pages = 1; ; pages++) {
    const page = await folded.page(room, rest);
    const [first, last] = [page.messages[0]?.offset, page.messages.at(-1)?.offset];
    if (first === undefined || last === undefined) return page;
    const without = await hidden.of(user, room, first, last);
    const visible = page.messages.filter(({ offset }) => !without.has(offset));
    const messages = reverse ? visible.slice(-limit) : visible.slice(0, limit);
    if (messages.length > 0) return { ...page, messages };
    if (pages === MOST_PAGES) return { ...page, messages, skippedTo: reverse ? first : last };
    rest = { ...rest, limit: Math.max(limit, STEP), ...(reverse ? { before: first } : { after: last }) };
  }
}
