import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { about, int, list, roomName } from './params.ts';
import { userId } from './room-params.ts';
import { verb } from './verb.ts';

/** Users of one answer: more than any kind should set for receipts. */
const MOST_READERS = 1_000;

export const receiptWho = verb({
  summary: 'Lists the users who have read a message of a room, or have it on a device.',
  details: [
    'They are other members of the room, or users of its connections where all may read. Users are left out whose setting `receipts` is',
    '`off`, and those whom the caller blocks or who block the caller; a caller with `receipts: off` sees nobody.',
  ].join('\n'),
  params: { room: roomName, target: about(int({ min: 1 }), 'Offset of the message.') },
  may: 'history',
  holds: 'room',
  result: {
    read: about(list(userId, MOST_READERS), 'Users who have read it.'),
    delivered: about(list(userId, MOST_READERS), 'Users who have it, and have not read it yet.'),
  },
  errors: [
    {
      error: ERRORS.notAvailable,
      when: 'The room has more users than `sizes.receipts` of its kind, 100 by default, or is an inbox.',
    },
  ],
  example: {
    params: { room: 'group:tea', target: 1042 },
    result: { read: ['bob'], delivered: ['eve'] },
  },
  async run(call, { room, target }, chat) {
    call.placed();
    const users = await chat.receipts.visible(room, call.identity.user);
    if (!users) throw new CommandError(ERRORS.notAvailable, 'the room has no receipts: it is too large, or an inbox');
    const shown = users.slice(0, MOST_READERS);
    const marks = await chat.marks.of(shown.map(user => ({ user, room })));
    const of = (fits: (index: number) => boolean) => shown.filter((_, index) => fits(index));
    const hasRead = (index: number) => (marks[index]?.read ?? 0) >= target;
    const has = (index: number) => (marks[index]?.delivered ?? 0) >= target;
    return { read: of(hasRead), delivered: of(index => has(index) && !hasRead(index)) };
  },
});
