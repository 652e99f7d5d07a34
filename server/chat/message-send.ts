import { asNewAs } from '../access/room-access.ts';
import { ERRORS } from '../protocol/codes.ts';
import { textRefusal } from './kind-limits.ts';
import { demandMentions, givenMentions, MENTIONS, MENTIONS_ERRORS } from './mentions-params.ts';
import { about, int, object, optional, roomName, text, uuid7 } from './params.ts';
import { PLACE, resultOf, storeOnce } from './store-once.ts';
import { verb } from './verb.ts';

/** Parameter that names the message that a reply answers. */
const replyTo = optional(
  object({ offset: about(int({ min: 1 }), 'Offset of the message.'), id: about(uuid7, 'Id of the message.') }),
);

export const messageSend = verb({
  summary: 'Sends a text message to a room.',
  details: [
    'A message is stored once, however often its id is sent: again on any connection, and after any time, it answers the place',
    'of the first with `duplicate: true`. An id older than half of `CHAT_DEDUPE_SECONDS` is looked up before that.',
    '',
    'A reply carries no text of the message that it answers: clients show that one as it is now, edited or deleted.',
  ].join('\n'),
  params: {
    room: roomName,
    id: about(uuid7, 'Id of the message, unique for its sender and room. At most half of `CHAT_DEDUPE_SECONDS` ahead.'),
    text: about(
      text({ min: 1 }),
      "At most `limits.textCharacters` of the room's kind, 8,000 by default. The message, as JSON with its envelope, has at most `CHAT_MAX_MESSAGE_BYTES` bytes.",
    ),
    ...MENTIONS,
    replyTo: about(replyTo, 'Message of the same room that this one answers.'),
  },
  may: 'send',
  holds: 'room',
  result: PLACE,
  errors: [
    { error: ERRORS.notFound, when: 'The room lacks the message that `replyTo` names.' },
    { error: ERRORS.gone, when: 'The message that `replyTo` names is deleted.' },
    ...MENTIONS_ERRORS,
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
  async run(call, { room, id, text, replyTo, ...params }, chat, access) {
    const mentions = givenMentions(params);
    const refusal = textRefusal(chat, room, text);
    const act = { room, id, type: 'message', content: { text, ...mentions }, mentions } as const;
    if (!refusal && !replyTo && !mentions.all) return resultOf(await storeOnce(call, chat, act));
    const check = async () => {
      if (refusal) throw refusal;
      await demandMentions(chat, { room, access }, mentions);
      if (replyTo) {
        const rights = await asNewAs(access, replyTo.offset);
        await chat.targets.find(room, { target: replyTo.offset, of: replyTo.id }, rights?.readableAbove);
      }
      return undefined;
    };
    return resultOf(await storeOnce(call, chat, { ...act, content: { ...act.content, replyTo }, check }));
  },
});
