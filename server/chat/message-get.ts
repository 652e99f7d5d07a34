import { readAllowed } from '../access/room-access.ts';
import { ERRORS } from '../protocol/codes.ts';
import { fitting, ITEMS, itemOf, MESSAGE_IDS } from './message-items.ts';
import { roomName } from './params.ts';
import { verb } from './verb.ts';

export const messageGet = verb({
  summary: 'Reads single messages of a room with all changes in them.',
  details:
    'A message that the room does not have is left out, and so are the last ones if all do not fit into an answer.',
  params: { room: roomName, ids: MESSAGE_IDS },
  may: 'history',
  result: ITEMS,
  errors: [{ error: ERRORS.internal, when: 'NATS does not answer, or MongoDB, which is needed, does not.' }],
  example: {
    params: { room: 'channel:general', ids: [{ target: 987, of: '0190f39f-1a00-7b21-9c3d-4e5f6a7b8c9d' }] },
    result: {
      items: [
        {
          offset: 987,
          id: '0190f39f-1a00-7b21-9c3d-4e5f6a7b8c9d',
          type: 'message',
          user: 'carol',
          time: 1_721_899_900_000,
          text: 'Shall we meet at noon?',
          rev: 987,
        },
      ],
      upto: 1052,
      epoch: 'kq3Zx0aB',
    },
  },
  async run(call, { room, ids }, chat, access) {
    call.placed();
    const found = await readAllowed(access, async readable => {
      const targets = ids.map(({ target }) => target).filter(offset => offset > readable);
      const value = await chat.folded.find(room, [...new Set(targets)]);
      return { value, upto: value.upto };
    });
    const wanted = found.messages.filter(({ offset, id }) =>
      ids.some(({ target, of }) => target === offset && of === id),
    );
    const items = wanted.map(message => itemOf(message, call.identity.user));
    return { items: fitting(items, chat.sendBufferBytes, true), upto: found.upto, epoch: found.epoch };
  },
});
