import { about, bool, roomName } from './params.ts';
import { verb } from './verb.ts';

export const typingSet = verb({
  summary: 'Shows the other subscribers of a room that the caller is typing, or not any more.',
  details: [
    'They get an [event](protocol.md#ephemeral-events) `typing`, which may be lost, and stop showing it 6 s after the last one. A client',
    'repeats `on: true` every 3 s while its user goes on typing. One that comes earlier is not shown, and is no error; `on: false` after',
    '`on: true` is shown at once. Nothing is shown in rooms with more than [`sizes.typing`](rooms.md#built-in-kinds) members, and between',
    'users of whom one blocks the other. Clients need not wait for the answer, nor repeat a call that failed.',
  ].join('\n'),
  params: { room: roomName, on: about(bool, 'True while the user is typing.') },
  may: 'send',
  holds: 'room',
  result: { shown: about(bool, 'False if no event was sent.') },
  example: { params: { room: 'channel:general', on: true }, result: { shown: true } },
  async run(call, { room, on }, chat) {
    call.placed();
    return { shown: await chat.typing.set(room, call.identity.user, on) };
  },
});
