import { readAllowed } from '../access/room-access.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { PageRange } from '../room/views.ts';
import { fitting, ITEMS, type Item, itemsOf, MOST_ITEMS } from './message-items.ts';
import { about, int, optional, roomName } from './params.ts';
import { verb } from './verb.ts';
import { visiblePage } from './visible-page.ts';

/** Messages of a page without a limit. */
const USUAL_ITEMS = 50;

/** A page as it is answered. */
interface List {
  readonly items: readonly Item[];
  readonly upto: number;
  readonly epoch: string;
}

export const messageList = verb({
  summary: 'Lists messages of a room with all changes in them: edits, reactions and deletes.',
  details: [
    'Without `before`, `after` and `around` it answers the newest messages. A page may be shorter than the limit; only an empty one',
    'is the end. Messages that the caller has hidden are left out. Deleted messages are in it without their texts. Where too many in a row',
    'are left out, the page has one item of the type `skipped`: the list goes on from its offset. Leave out items of other types.',
    '',
    'A subscription that recovers from `{ upto, epoch }` continues without a gap: fold its entries into the page.',
    'A page names 10 users of an emoji: to tell a user it does not name from a new one, list again.',
  ].join('\n'),
  params: {
    room: roomName,
    limit: about(optional(int({ min: 1, max: MOST_ITEMS })), `Most messages, ${USUAL_ITEMS} by default.`),
    before: about(optional(int({ min: 1 })), 'Offset below which the last messages are listed.'),
    after: about(optional(int()), 'Offset above which the first messages are listed.'),
    around: about(optional(int({ min: 1 })), 'Offset around which messages are listed, half of them at or below it.'),
  },
  may: 'history',
  result: ITEMS,
  errors: [{ error: ERRORS.internal, when: 'NATS does not answer, or MongoDB, which is needed, does not.' }],
  example: {
    params: { room: 'channel:general', limit: 2, before: 1044 },
    result: {
      items: [
        {
          offset: 1042,
          id: '0190f3a1-7c00-7d3e-8a2b-5c6d7e8f9a0b',
          type: 'message',
          user: 'alice',
          time: 1_721_900_000_000,
          text: 'Hello, all',
          rev: 1050,
          reactions: [{ emoji: '👍', n: 1, users: [{ user: 'bob', at: 1051 }] }],
        },
        {
          offset: 1043,
          id: '0190f3a1-8d11-7d3e-8a2b-5c6d7e8f9a0c',
          type: 'message',
          user: 'bob',
          time: 1_721_900_004_000,
          rev: 1052,
          deleted: 1052,
        },
      ],
      upto: 1052,
      epoch: 'kq3Zx0aB',
    },
  },
  async run(call, { room, limit = USUAL_ITEMS, before, after, around }, chat, access) {
    call.placed();
    const named = [before, after, around].filter(offset => offset !== undefined);
    if (named.length > 1) throw new CommandError(ERRORS.badRequest, 'before, after and around exclude each other');
    const { user } = call.identity;
    const found = await readAllowed(access, async readable => {
      const read = async (range: PageRange): Promise<List> => {
        const page = await visiblePage(chat, user, room, range);
        return { items: itemsOf(page, user), upto: page.upto, epoch: page.epoch };
      };
      const value =
        around === undefined
          ? await read(rangeOf(readable, limit, before, after))
          : await surrounding(read, { around, limit, readable });
      return { value, upto: uptoOf(value) };
    });
    return { ...found, items: fitting(found.items, chat.sendBufferBytes, after !== undefined) };
  },
});

/** Offset up to which a page has entries: in a page of older messages too are the changes up to that. */
const uptoOf = ({ items, upto }: List): number =>
  items.reduce((last, { offset, rev }) => Math.max(last, offset, rev), upto);

/** @param readable offset above which the user may read */
const rangeOf = (readable: number, limit: number, before = Number.POSITIVE_INFINITY, after?: number): PageRange => ({
  after: Math.max(readable, after ?? 0),
  before,
  limit,
  reverse: after === undefined,
});

/** The messages at or below an offset, and those above it. */
async function surrounding(
  read: (range: PageRange) => Promise<List>,
  { around, limit, readable }: Readonly<Record<'around' | 'limit' | 'readable', number>>,
): Promise<List> {
  const count = Math.ceil(limit / 2);
  // The older half first: its position is not above that of the newer one.
  const older = await read(rangeOf(readable, count, around + 1));
  if (limit === count) return older;
  const newer = await read(rangeOf(readable, limit - count, undefined, around));
  return { ...older, upto: Math.min(older.upto, newer.upto), items: [...older.items, ...newer.items] };
}
