import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { demandWindow, textRefusal } from './kind-limits.ts';
import { about, roomName, text, uuid7 } from './params.ts';
import { PLACE, resultOf, storeOnce } from './store-once.ts';
import { TARGET } from './targets.ts';
import { verb } from './verb.ts';

export const messageEdit = verb({
  summary: 'Replaces the text of a message of the caller.',
  details: 'The edit with the highest offset counts, unless the message is deleted: a delete wins over every edit.',
  params: {
    room: roomName,
    id: about(uuid7, 'Id of the edit, as that of a message.'),
    ...TARGET,
    text: about(text({ min: 1 }), 'The new text, as long as that of a message.'),
  },
  may: 'send',
  result: PLACE,
  errors: [
    { error: ERRORS.notFound, when: 'The room has no such message.' },
    { error: ERRORS.permissionDenied, when: 'The message is of another user.' },
    {
      error: ERRORS.gone,
      when: "The message is older than `limits.editSeconds` of the room's kind, a day by default.",
    },
  ],
  example: {
    params: {
      room: 'channel:general',
      id: '0190f3a2-1d00-7a11-9c3d-2e4f6a8b0c1d',
      target: 1042,
      of: '0190f3a1-7c00-7d3e-8a2b-5c6d7e8f9a0b',
      text: 'Hello, all',
    },
    result: { offset: 1050, epoch: 'kq3Zx0aB', duplicate: false },
  },
  async run(call, { room, id, target, of, text }, chat) {
    const check = async () => {
      const refusal = textRefusal(chat, room, text);
      if (refusal) throw refusal;
      const found = await chat.targets.find(room, { target, of });
      if (found.user !== call.identity.user)
        throw new CommandError(ERRORS.permissionDenied, 'permission denied: the message is of another user');
      demandWindow(chat, found, 'edit');
      return undefined;
    };
    const content = { target, of, text };
    return resultOf(await storeOnce(call, chat, { room, id, type: 'edit', content, targets: [target], check }));
  },
});
