import { ERRORS } from '../protocol/codes.ts';
import { demandEmoji } from './kind-limits.ts';
import { about, bool, roomName, text, uuid7 } from './params.ts';
import { demandThere, seenMessage } from './seen-message.ts';
import { PLACE, resultOf, storeOnce } from './store-once.ts';
import { TARGET } from './targets.ts';
import { verb } from './verb.ts';

/** Code points of an emoji: families and flags with skin tones have up to 10. */
const MOST_EMOJI_CHARACTERS = 16;

export const messageReact = verb({
  summary: "Puts the caller's emoji on a message, or takes it away.",
  details:
    'It says what the reaction shall be, not that it shall change, so that two devices of a user never disagree.',
  params: {
    room: roomName,
    id: about(uuid7, 'Id of the reaction, as that of a message.'),
    ...TARGET,
    emoji: text({ min: 1, max: MOST_EMOJI_CHARACTERS }),
    on: about(bool, 'True to put it there.'),
  },
  may: 'send',
  result: PLACE,
  errors: [
    { error: ERRORS.notFound, when: 'The room has no such message.' },
    { error: ERRORS.gone, when: 'The message is deleted.' },
    {
      error: ERRORS.limitExceeded,
      when: "The message has `limits.emojiPerMessage` of the room's kind other emoji, 20 by default.",
    },
  ],
  example: {
    params: {
      room: 'channel:general',
      id: '0190f3a2-4b00-7c22-8d4e-3f5a7b9c1d2e',
      target: 1042,
      of: '0190f3a1-7c00-7d3e-8a2b-5c6d7e8f9a0b',
      emoji: '👍',
      on: true,
    },
    result: { offset: 1051, epoch: 'kq3Zx0aB', duplicate: false },
  },
  async run(call, { room, id, target, of, emoji, on }, chat, access) {
    const check = async () => {
      const { message } = await seenMessage(chat, { room, access }, { target, of });
      demandThere(message);
      if (on) demandEmoji(chat, room, message, emoji);
      return undefined;
    };
    const content = { target, of, emoji, on };
    return resultOf(await storeOnce(call, chat, { room, id, type: 'reaction', content, targets: [target], check }));
  },
});
