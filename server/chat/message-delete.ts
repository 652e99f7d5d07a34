import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { demandWindow } from './kind-limits.ts';
import { about, list, roomName, uuid7 } from './params.ts';
import { PLACE, resultOf, storeOnce } from './store-once.ts';
import { targetParam } from './targets.ts';
import { verb } from './verb.ts';

/** Messages that one call deletes. */
const MOST_TARGETS = 100;

export const messageDelete = verb({
  summary: 'Deletes messages of the caller for everybody.',
  details: 'A deleted text is served nowhere again: not live, in recovery, in history or after an edit.',
  params: {
    room: roomName,
    id: about(uuid7, 'Id of the delete, as that of a message.'),
    targets: list(targetParam, MOST_TARGETS),
  },
  may: 'send',
  result: PLACE,
  errors: [
    { error: ERRORS.notFound, when: 'The room lacks one of the messages: none is deleted.' },
    { error: ERRORS.permissionDenied, when: 'One of the messages is of another user: none is deleted.' },
    {
      error: ERRORS.gone,
      when: "One of the messages is older than `limits.deleteSeconds` of the room's kind, two days by default: none is deleted.",
    },
  ],
  example: {
    params: {
      room: 'channel:general',
      id: '0190f3a2-6f00-7e33-9e5f-4a6b8c0d2e3f',
      targets: [{ target: 1042, of: '0190f3a1-7c00-7d3e-8a2b-5c6d7e8f9a0b' }],
    },
    result: { offset: 1052, epoch: 'kq3Zx0aB', duplicate: false },
  },
  async run(call, { room, id, targets }, chat) {
    const check = async () => {
      const found = await Promise.all(targets.map(target => chat.targets.find(room, target)));
      if (found.some(({ user }) => user !== call.identity.user))
        throw new CommandError(ERRORS.permissionDenied, 'permission denied: a message is of another user');
      for (const message of found) demandWindow(chat, message, 'delete');
      // With its author and time the entry alone gives what is left of a message.
      return { targets: found.map(({ offset, id: of, user, time }) => ({ target: offset, of, user, time })) };
    };
    const offsets = targets.map(({ target }) => target);
    const act = { room, id, type: 'delete', content: { targets }, targets: offsets, check } as const;
    return resultOf(await storeOnce(call, chat, act));
  },
});
