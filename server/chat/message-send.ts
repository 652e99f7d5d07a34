import { createHash } from 'node:crypto';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Stored } from '../room/log.ts';
import type { MessageBody } from '../room/message.ts';
import type { Chat } from './chat.ts';
import { about, bool, int, roomName, text, uuid7 } from './params.ts';
import { verb } from './verb.ts';

export const messageSend = verb({
  summary: 'Sends a text message to a room.',
  details: [
    'A message is stored once, however often its id is sent: again on any connection, and after any time, it answers the place',
    'of the first with `duplicate: true`. An id older than half of `CHAT_DEDUPE_SECONDS` is looked up before that.',
  ].join('\n'),
  params: {
    room: roomName,
    id: about(uuid7, 'Id of the message, unique for its sender and room. At most half of `CHAT_DEDUPE_SECONDS` ahead.'),
    text: about(
      text({ min: 1 }),
      'The message, as JSON with its envelope, has at most `CHAT_MAX_MESSAGE_BYTES` bytes.',
    ),
  },
  may: 'send',
  holds: 'room',
  result: {
    offset: about(int({ min: 1 }), "Place of the message in the room's order."),
    epoch: about(text({ min: 1 }), 'Epoch that the offset counts in.'),
    duplicate: about(bool, 'True if the message was stored before.'),
  },
  errors: [
    { error: ERRORS.internal, when: 'The message may or may not be stored: send it again with its id.' },
    {
      error: ERRORS.tooManyRequests,
      when: 'Above a rate of the room or of the user, or too many old ids of the user are being looked up.',
    },
  ],
  example: {
    params: { room: 'channel:general', id: '0190f3a1-7c00-7d3e-8a2b-5c6d7e8f9a0b', text: 'Hello' },
    result: { offset: 1042, epoch: 'kq3Zx0aB', duplicate: false },
  },
  async run(call, { room, id, text }, chat) {
    const { clocks, lookUps, messages } = chat;
    const isYoung = checkTime(chat, room, id);
    const content: MessageBody = { type: 'message', id, text, time: clocks.wallClock() };
    const body = Buffer.from(JSON.stringify(content));
    messages.checkSize(body);
    messages.count(call, room, body);
    const { user } = call.identity;
    const dedupe = dedupeKey(user, room, id);
    if (!isYoung) {
      const found = await lookUps.find(user, room, { id, dedupe });
      if (found) return resultOf(found);
    }
    call.placed();
    return resultOf(await messages.publish(call, { room, type: 'message', id, dedupe, body }));
  },
});

const resultOf = ({ offset, epoch, duplicate }: Stored) => ({ offset, epoch, duplicate });

/** Key by which JetStream and MongoDB recognise a message that is sent again. */
const dedupeKey = (user: string, room: string, id: string) =>
  createHash('sha256')
    .update(JSON.stringify([user, room, id]))
    .digest('base64url');

/**
 * True if JetStream recognises the id in case it was stored before. Its window begins when it stored the message, which is
 * not before the id was made, give or take half a window for clocks that differ. Other ids have to be looked up.
 * @throws {CommandError} for an id from the future: sent again later it would be taken for a young one
 */
function checkTime({ clocks, reportedTime, lookUps }: Chat, room: string, id: string): boolean {
  const time = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  const toleranceMs = lookUps.youngMs(room);
  if (time - reportedTime.latest() > toleranceMs) {
    const now = clocks.wallClock();
    const ahead = `id is ${Math.ceil((time - now) / 1000)} s ahead of the server's time, ${new Date(now).toISOString()}`;
    const advice = 'make ids by the time in the reply to connect';
    throw new CommandError(ERRORS.badRequest, `${ahead}; at most ${toleranceMs / 1000} s are allowed: ${advice}`);
  }
  return Math.abs(clocks.wallClock() - time) < toleranceMs;
}
