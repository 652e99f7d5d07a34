import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Chat } from './chat.ts';
import { LISTED_ROOM, type ListedRoom, listedRooms, type OwnRoom, ownRooms } from './listed-rooms.ts';
import { about, bool, int, list, object, oneOf, optional, text } from './params.ts';
import {
  isByRoom,
  MOST_ORDER_CURSOR,
  ORDERS,
  ofKind,
  readRooms,
  type Selection,
  selectRooms,
  writeRooms,
} from './room-order.ts';
import { verb } from './verb.ts';

/** Rooms of one answer. A user has at most 2,000 that are listed. */
const MOST_ROOMS = 250;

export const roomList = verb({
  summary: 'Lists the rooms of the caller, all or some of them, in one of three orders.',
  details: [
    'They are those that the caller is a member of, is invited to or has asked for. A room of two users is listed once it has a message.',
    'It works while MongoDB is away. In the order `last` the rooms whose last message only MongoDB has come last then.',
    '',
    'In the orders `name` and `last`, and with `prefix` or `unread`, the first page selects the rooms and their order, and the cursor has',
    'those that are left. So each comes once, whatever changes between the pages, and with the fields that it has by then.',
    '',
    'The last message is the newest one of `message.list`, as it is now: a deleted text is in no later list.',
  ].join('\n'),
  params: {
    kind: about(optional(text({ min: 1, max: 63 })), 'Only rooms of this kind.'),
    prefix: about(
      optional(text({ min: 1, max: 100 })),
      'Only rooms whose name for people begins with it, in any case of letters. Rooms of two users have no name.',
    ),
    unread: about(optional(bool), '`true`: only rooms whose `n` is not 0. What has to be counted counts as unread.'),
    order: about(
      optional(oneOf(...ORDERS)),
      'Order: `room`, the default, is by name of the room; `name` by the name for people, in any case of letters, then the rooms without one; `last` by time of the last message, newest first, then the rooms without one.',
    ),
    limit: about(optional(int({ min: 1, max: MOST_ROOMS })), `Most rooms of the answer. Default: ${MOST_ROOMS}.`),
    cursor: about(
      optional(text({ min: 1, max: MOST_ORDER_CURSOR })),
      '`cursor` of the page before, for the same `kind`, `prefix`, `unread` and `order`.',
    ),
  },
  may: null,
  result: {
    items: about(list(object(LISTED_ROOM), MOST_ROOMS), 'Rooms.'),
    cursor: about(optional(text({ min: 1 })), 'Missing at the end of the list.'),
  },
  errors: [{ error: ERRORS.badRequest, when: 'The cursor is of another order, or of another choice of rooms.' }],
  example: {
    params: {},
    result: {
      items: [
        {
          room: 'group:tea',
          name: 'Tea',
          state: 'member',
          role: 'owner',
          n: 0,
          mentions: null,
          read: 1042,
          delivered: 1042,
          last: {
            offset: 1042,
            id: '0190f3a1-7c00-7d3e-8a2b-5c6d7e8f9a0b',
            user: 'alice',
            time: 1_721_900_000_000,
            text: 'Hello, all',
          },
          top: 1043,
        },
      ],
    },
  },
  async run(call, { limit = MOST_ROOMS, cursor, kind, prefix, unread = false, order = 'room' }, chat) {
    call.placed();
    const { user } = call.identity;
    const own = ofKind(ownRooms(await chat.userRooms.of(user)), kind);
    const selection = { kind, prefix, unread, order };
    const cursors = isByRoom(selection) ? plainCursors(own, kind) : sealedCursors(chat, user, own, selection);
    const found = await cursors.read(cursor);
    const listed: ListedRoom[] = [];
    // Neither the length of a page nor its cursor may tell of a room that is not listed: another user has opened it without a word.
    for (let [at, count] = [0, limit + 1]; at < found.length && listed.length <= limit; at += count, count = MOST_ROOMS)
      listed.push(...(await listedRooms(chat, user, found.slice(at, at + count))));
    const items = listed.slice(0, limit);
    const last = listed.length > limit ? items.at(-1)?.room : undefined;
    return { items, ...(last === undefined ? {} : { cursor: cursors.write(found, last) }) };
  },
});

/** Cursors of a list. */
interface Cursors {
  /** Rooms from a cursor on, in order. @throws {CommandError} 107 for a cursor of another list */
  read(cursor: string | undefined): readonly OwnRoom[] | Promise<readonly OwnRoom[]>;
  /** @param last room of `found` after which the next page begins */
  write(found: readonly OwnRoom[], last: string): string;
}

/** Cursors of the order `room`: the last room of the page. */
const plainCursors = (own: readonly OwnRoom[], kind = ''): Cursors => ({
  read(cursor) {
    if (cursor === undefined) return own;
    if (!cursor.includes(':') || (kind !== '' && !cursor.startsWith(`${kind}:`)))
      throw new CommandError(ERRORS.badRequest, 'cursor must be one of this list');
    return own.filter(({ room }) => room > cursor);
  },
  write: (_, last) => last,
});

/** Cursors of orders that change: all rooms that are left. */
function sealedCursors(chat: Chat, user: string, own: readonly OwnRoom[], selection: Selection): Cursors {
  const { order, kind = '', prefix = '', unread } = selection;
  const list = ['room.list', user, order, kind, prefix, String(unread)];
  return {
    read: async cursor =>
      cursor === undefined
        ? await selectRooms(chat, user, own, selection)
        : readRooms(chat.cursors.open(list, cursor), own),
    write: (found, last) =>
      chat.cursors.seal(list, writeRooms(found.slice(found.findIndex(({ room }) => room === last) + 1))),
  };
}
