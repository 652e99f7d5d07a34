import { about, bool, int, list, nullable, object, optional, roomName, type ValuesOf } from './params.ts';
import { MOST_COUNTED, MOST_LOOKED_AT } from './unread-walk.ts';
import { verb } from './verb.ts';

/** Rooms of one call. */
const MOST_ROOMS = 100;

const COUNT = {
  room: roomName,
  n: about(
    nullable(int()),
    `Unread messages, at most ${MOST_COUNTED}. \`null\` if it cannot be said now: ask again later.`,
  ),
  more: about(optional(bool), `True if there are more than ${MOST_COUNTED}.`),
  partial: about(
    optional(bool),
    `True if the last ${MOST_LOOKED_AT.toLocaleString('en')} messages were looked at, and not those before: there may be more.`,
  ),
  upto: about(
    optional(int()),
    'Offset up to which messages are in the count: one that is delivered later, with a lower offset, is in it. Absent without `n`.',
  ),
  mentions: about(
    nullable(int()),
    `Messages among them that mention the caller, or everybody, at most ${MOST_COUNTED}. \`null\` if it cannot be said now.`,
  ),
};

export const unread = verb({
  summary: 'Counts the unread messages of rooms.',
  details: [
    "They are the messages above the caller's read mark and above the caller's join, without own ones, deleted ones, those that the",
    'caller has hidden and those of users whom the caller blocks. Every message, delete, hide and mark that was answered before the call',
    'counts. A room that the caller may not read is not in the answer. While MongoDB is away, rooms are counted whose messages above the',
    'mark are still in NATS.',
  ].join('\n'),
  who: 'Every user, for own rooms.',
  params: { rooms: about(list(roomName, MOST_ROOMS, 1), 'Rooms.') },
  may: null,
  result: { items: about(list(object(COUNT), MOST_ROOMS), 'Counts, in the order of the rooms.') },
  example: {
    params: { rooms: ['group:tea', 'group:news'] },
    result: {
      items: [
        { room: 'group:tea', n: 3, upto: 1047, mentions: 1 },
        { room: 'group:news', n: 100, more: true, upto: 5120, mentions: 0 },
      ],
    },
  },
  async run(call, { rooms }, chat) {
    call.placed();
    const asked = [...new Set(rooms)];
    const counts = await chat.unread.of(call.identity, asked);
    const items = asked.flatMap((room): ValuesOf<typeof COUNT>[] => {
      const count = counts.get(room);
      if (count === undefined) return [];
      if (count === null) return [{ room, n: null, mentions: null }];
      const { n, more, partial, upto, mentions } = count;
      return [{ room, n, ...(more ? { more } : {}), ...(partial ? { partial } : {}), upto, mentions }];
    });
    return { items };
  },
});
