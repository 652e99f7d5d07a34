import { LISTED_ROOM } from './listed-rooms.ts';
import { about, bool, int, list, object, optional, roomName, text } from './params.ts';
import { MOST_ROOMS_OF_USER } from './rooms-of-user.ts';
import { NO_CURSOR, readCursor, writeCursor } from './sync-cursor.ts';
import { syncPage } from './sync-page.ts';
import { verb } from './verb.ts';

/** Rooms and marks of one page. */
const MOST = 250;
/** Characters of a cursor: one with 2,000 rooms in 64 partitions has 23,000. */
const MOST_CURSOR = 60_000;
/** Most that `CHAT_PARTITIONS` may be. */
const MOST_PARTITIONS = 64;

const MARK = {
  room: roomName,
  read: about(int(), 'Offset up to which the caller has read the room; 0 for none.'),
  delivered: about(int(), "Offset up to which one of the caller's devices has the room; 0 for none."),
};

export const sync = verb({
  summary: 'Brings a list of rooms up to date: answers what has changed of the rooms of the caller since a cursor.',
  details: [
    'Without a cursor every room comes. The client keeps the cursor beside the list, and applies an answer in this order: it drops the rooms of',
    'the partitions in `reset`, takes `left` off the list, and puts `rooms` and `marks` into it. While `more` is true it calls again at',
    'once. Whatever is stored after the last page comes with the next sync; what was stored during it may come twice.',
    '',
    'A room comes if it has an entry that the client does not know, of any type, or if the relation of the caller to it is another one.',
    'A message that the caller has hidden on another device is no change of the room: the inbox tells of it.',
    '',
    'It works while MongoDB is away. Marks are those that NATS has: `read` and `delivered` are `null` where only MongoDB may have them.',
  ].join('\n'),
  params: {
    cursor: about(
      optional(text({ min: 1, max: MOST_CURSOR })),
      '`cursor` of the last answer. One that this server does not understand, or of another user, counts as none, and `reset` has every partition.',
    ),
    limit: about(optional(int({ min: 1, max: MOST })), `Most rooms and marks of the answer. Default: ${MOST}.`),
    bumps: about(
      optional(bool),
      'True: from now on the connection is told of rooms with new messages that it is not subscribed to, by the event `bump`. Say it with each sync.',
    ),
  },
  may: null,
  result: {
    cursor: about(text(), 'Cursor of the next call: text without a meaning for clients.'),
    rooms: about(
      list(object({ ...LISTED_ROOM, partition: about(int(), 'Partition of the room; never changes.') }), MOST),
      'Rooms that are new or have changed, in no order.',
    ),
    left: about(list(roomName, MOST_ROOMS_OF_USER), 'Rooms that are not of the caller any more.'),
    marks: about(list(object(MARK), MOST), 'Own marks that have risen, of rooms that have not changed.'),
    reset: about(
      list(int(), MOST_PARTITIONS),
      'Partitions whose rooms all come again, in this answer and those that follow: what the client has of them may be outdated.',
    ),
    more: about(bool, 'True if there is another page.'),
  },
  example: {
    params: { cursor: 'AQ...' },
    result: {
      cursor: 'AR...',
      rooms: [
        {
          room: 'group:tea',
          name: 'Tea',
          state: 'member',
          role: 'owner',
          n: null,
          mentions: null,
          read: 1042,
          delivered: 1042,
          last: {
            offset: 1050,
            id: '0190f3a1-7c00-7d3e-8a2b-5c6d7e8f9a0b',
            user: 'bob',
            time: 1_721_900_000_000,
            text: 'Hello, all',
          },
          top: 1050,
          partition: 3,
        },
      ],
      left: ['group:juice'],
      marks: [{ room: 'channel:general', read: 880, delivered: 880 }],
      reset: [],
      more: false,
    },
  },
  async run(call, { cursor, limit = MOST, bumps = false }, chat) {
    call.placed();
    const { user } = call.identity;
    // First: what is stored after the page is read must be told of.
    if (bumps) await chat.bumps.follow(user, call.client);
    const from = cursor === undefined ? NO_CURSOR : readCursor(cursor, user);
    const page = await syncPage(chat, user, from ?? NO_CURSOR, limit);
    const every = Array.from({ length: chat.log.partitions }, (_, partition) => partition);
    return {
      cursor: writeCursor(page.cursor, user),
      rooms: page.rooms.map(item => ({ ...item, partition: chat.log.partitionOf(item.room) })),
      left: page.left,
      marks: page.marks,
      reset: from ? page.reset : every,
      more: page.more,
    };
  },
});
