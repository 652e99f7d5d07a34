import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { about, int, list, object, oneOf, optional, roomName, text } from './params.ts';
import { rulesFor } from './room-view.ts';
import { verb } from './verb.ts';

/** Rooms of one answer: some 100 KB with the longest texts. */
const MOST_ROOMS = 100;

const ROOM = {
  room: roomName,
  name: about(text(), 'Name for people; empty for none.'),
  topic: about(text(), 'Topic; empty for none.'),
  avatar: about(text(), 'URL of an image; empty for none.'),
  members: about(int(), 'Members, as `room.get` counts them.'),
};

export const roomDiscover = verb({
  summary: 'Lists the rooms of a kind that users may find, by name.',
  details: 'These are rooms that somebody created, in kinds that users read or join without an invitation.',
  params: {
    kind: about(text({ min: 1, max: 63 }), 'Kind of the rooms.'),
    q: about(optional(text({ min: 1, max: 100 })), 'Only rooms whose name begins with it, in any case of letters.'),
    limit: about(optional(int({ min: 1, max: MOST_ROOMS })), `Most rooms of the answer. Default: ${MOST_ROOMS}.`),
    cursor: about(optional(text({ min: 1, max: 500 })), '`cursor` of the page before.'),
  },
  may: null,
  result: {
    join: about(oneOf('Anyone', 'Request'), 'Way to become a member: `room.join`, or `room.request`.'),
    items: about(list(object(ROOM), MOST_ROOMS), 'Rooms.'),
    cursor: about(optional(text({ min: 1 })), 'Missing at the end of the list.'),
  },
  errors: [
    { error: ERRORS.unknownChannel, when: 'No kind of room has this name.' },
    {
      error: ERRORS.notAvailable,
      when: 'Rooms of the kind are for those whom they invite, or whose token lists them.',
    },
  ],
  example: {
    params: { kind: 'channel', q: 'te' },
    result: {
      join: 'Anyone',
      items: [{ room: 'channel:0190f3a3', name: 'Tea', topic: '', avatar: '', members: 3 }],
    },
  },
  async run(call, { kind, q, limit = MOST_ROOMS, cursor }, chat) {
    call.placed();
    const { access, join } = rulesFor(chat, `${kind}:*`);
    if (access === 'Claim' || join === 'Invite')
      throw new CommandError(ERRORS.notAvailable, `rooms of kind ${kind} are in no list`);
    const after = cursor === undefined ? '' : readCursor(cursor);
    const page = { kind, after, limit: limit + 1, ...(q === undefined ? {} : { prefix: q }) };
    const found = await chat.directory.listRooms(page);
    const items = found.slice(0, limit);
    const last = found.length > limit ? items.at(-1) : undefined;
    return {
      join,
      items: items.map(({ place: _, ...room }) => room),
      ...(last ? { cursor: Buffer.from(last.place).toString('base64url') } : {}),
    };
  },
});

function readCursor(cursor: string): string {
  const place = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!place.includes('\0')) throw new CommandError(ERRORS.badRequest, 'cursor must be one of this list');
  return place;
}
