import { MAX_CHANNEL_BYTES } from '../access/names.ts';
import { LISTED_ROOM, listedRooms, ownRooms } from './listed-rooms.ts';
import { about, int, list, object, optional, roomName, text } from './params.ts';
import { verb } from './verb.ts';

/** Rooms of one answer. A user has at most 2,000 that are listed. */
const MOST_ROOMS = 250;

export const roomList = verb({
  summary: 'Lists the rooms of the caller, by name of the room.',
  details: [
    'They are those that the caller is a member of, is invited to or has asked for. A room of two users is listed once it has a message.',
    'It works while MongoDB is away.',
    '',
    'The last message is the newest one of `message.list`, as it is now: a deleted text is in no later list.',
  ].join('\n'),
  params: {
    limit: about(optional(int({ min: 1, max: MOST_ROOMS })), `Most rooms of the answer. Default: ${MOST_ROOMS}.`),
    cursor: about(optional(text({ min: 1, max: MAX_CHANNEL_BYTES })), '`cursor` of the page before.'),
  },
  may: null,
  result: {
    items: about(list(object(LISTED_ROOM), MOST_ROOMS), 'Rooms.'),
    cursor: about(optional(roomName), 'Missing at the end of the list.'),
  },
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
  async run(call, { limit = MOST_ROOMS, cursor = '' }, chat) {
    call.placed();
    const found = ownRooms(await chat.userRooms.of(call.identity.user))
      .filter(({ room }) => room > cursor)
      .sort((a, b) => (a.room < b.room ? -1 : 1));
    const listed: Awaited<ReturnType<typeof listedRooms>> = [];
    // Neither the length of a page nor its cursor may tell of a room that is not listed: another user has opened it without a word.
    for (let [at, count] = [0, limit + 1]; at < found.length && listed.length <= limit; at += count, count = MOST_ROOMS)
      listed.push(...(await listedRooms(chat, call.identity.user, found.slice(at, at + count))));
    const items = listed.slice(0, limit);
    const last = listed.length > limit ? items.at(-1)?.room : undefined;
    return { items, ...(last === undefined ? {} : { cursor: last }) };
  },
});
