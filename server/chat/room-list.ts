import { MAX_CHANNEL_BYTES } from '../access/names.ts';
import { StoreUnavailable } from '../room/history-store.ts';
import type { Chat } from './chat.ts';
import { about, int, list, nullable, object, oneOf, optional, roomName, text } from './params.ts';
import { verb } from './verb.ts';

/** Rooms of one answer. A user has at most 2,000. */
const MOST_ROOMS = 250;

const ROOM = {
  room: roomName,
  name: about(text(), 'Name for people; empty for none.'),
  state: about(oneOf('member', 'invited', 'requested'), 'Relation of the caller to the room.'),
  n: about(nullable(int()), 'Unread messages; `null` while they are not counted.'),
  mentions: about(nullable(int()), 'Unread mentions; `null` while they are not counted.'),
  top: about(int(), 'Offset of the last entry of the room that is not only in MongoDB; 0 for none.'),
};

export const roomList = verb({
  summary: 'Lists the rooms of the caller, by name of the room.',
  details:
    'They are those that the caller is a member of, is invited to or has asked for. It works while MongoDB is away.',
  params: {
    limit: about(optional(int({ min: 1, max: MOST_ROOMS })), `Most rooms of the answer. Default: ${MOST_ROOMS}.`),
    cursor: about(optional(text({ min: 1, max: MAX_CHANNEL_BYTES })), '`cursor` of the page before.'),
  },
  may: null,
  result: {
    items: about(list(object(ROOM), MOST_ROOMS), 'Rooms.'),
    cursor: about(optional(roomName), 'Missing at the end of the list.'),
  },
  example: {
    params: {},
    result: {
      items: [{ room: 'group:tea', name: 'Tea', state: 'member', n: null, mentions: null, top: 1042 }],
    },
  },
  async run(call, { limit = MOST_ROOMS, cursor = '' }, chat) {
    call.placed();
    const known = await chat.userRooms.of(call.identity.user);
    const found = [...known]
      .flatMap(([room, { state }]) => (state === 'banned' || state === 'left' ? [] : [{ room, state }]))
      .filter(({ room }) => room > cursor)
      .sort((a, b) => (a.room < b.room ? -1 : 1));
    const page = found.slice(0, limit);
    const rooms = page.map(({ room }) => room);
    const [names, tops] = await Promise.all([namesOf(chat, rooms), chat.tops(rooms)]);
    const items = page.map(({ room, state }) => ({
      room,
      name: names.get(room) ?? '',
      state,
      n: null,
      mentions: null,
      top: tops.get(room) ?? 0,
    }));
    const last = found.length > limit ? rooms.at(-1) : undefined;
    return { items, ...(last === undefined ? {} : { cursor: last }) };
  },
});

/** Names of rooms: from MongoDB in one read, and from the states of rooms that it lacks, or all while it is away. */
async function namesOf({ directory, rooms: states }: Chat, rooms: readonly string[]): Promise<Map<string, string>> {
  const names = new Map(await directory.roomNames(rooms).catch(ignoreOutage));
  const lacking = rooms.filter(room => !names.has(room));
  const found = await Promise.all(lacking.map(async room => [room, (await states.current(room)).name] as const));
  return new Map([...names, ...found]);
}

function ignoreOutage(error: unknown): [] {
  if (error instanceof StoreUnavailable) return [];
  throw error;
}
