import { authorize } from '../access/room-access.ts';
import { givenMark, type Mark, mergedMarks, NO_MARK } from '../fold/mark.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Chat } from './chat.ts';
import { about, bool, int, list, object, optional, roomName, type ValuesOf } from './params.ts';
import { type Call, verb } from './verb.ts';

/** Marks of one call. */
const MOST_MARKS = 100;

const MARK = {
  room: roomName,
  read: about(optional(int({ min: 1 })), 'Offset up to which the caller has read the room.'),
  delivered: about(
    optional(int({ min: 1 })),
    "Offset up to which one of the caller's devices has the room's messages.",
  ),
};

export const receiptMark = verb({
  summary: 'Marks rooms as read, or as delivered, up to an offset.',
  details: [
    'Marks only rise: a lower one changes nothing, so that calls may come late, in any order and more than once. What is read was',
    "delivered. The answer comes once all marks, or higher ones, are stored: a user's marks in a room are written once a second, so it",
    'may take a second. It works while MongoDB is away. A call with a mark that is refused changes nothing.',
  ].join('\n'),
  who: 'Every user who may read the rooms.',
  params: { marks: about(list(object(MARK), MOST_MARKS, 1), 'Marks, `read` or `delivered` or both in each.') },
  may: null,
  result: {
    applied: about(list(bool, MOST_MARKS), 'For each mark: false if it was stored before, or a higher one.'),
  },
  errors: [
    {
      error: ERRORS.badRequest,
      when: "A mark is above the room's last offset, or has neither `read` nor `delivered`.",
    },
    { error: ERRORS.permissionDenied, when: 'The caller may not read one of the rooms.' },
  ],
  example: {
    params: { marks: [{ room: 'group:tea', read: 1042 }] },
    result: { applied: [true] },
  },
  async run(call, { marks }, chat) {
    call.placed();
    await Promise.all(marks.map((mark, index) => check(call, chat, mark, `marks[${index}]`)));
    const given = new Map<string, Mark>();
    for (const mark of marks) given.set(mark.room, mergedMarks(given.get(mark.room) ?? NO_MARK, givenMark(mark)));
    const applied = await chat.marks.raise(call.identity.user, [...given]);
    const byRoom = new Map([...given.keys()].map((room, index) => [room, applied[index] ?? false]));
    return { applied: marks.map(({ room }) => byRoom.get(room) ?? false) };
  },
});

/** @throws {CommandError} 103 if the caller may not read the room, 107 if the room does not reach the mark */
async function check({ identity }: Call, chat: Chat, mark: ValuesOf<typeof MARK>, field: string): Promise<void> {
  const { delivered: highest } = givenMark(mark);
  if (highest === 0) throw new CommandError(ERRORS.badRequest, `${field} must have read or delivered`);
  await authorize(chat.access, identity, mark.room, 'history');
  if (await chat.reaches(mark.room, highest)) return;
  const which = mark.read === highest ? 'read' : 'delivered';
  throw new CommandError(ERRORS.badRequest, `${field}.${which} is above the last offset of the room`);
}
