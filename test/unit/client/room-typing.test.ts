import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../../client/call-error.ts';
import { RoomTyping } from '../../../client/room-typing.ts';
import { offlineChat } from '../../support/chat/offline-chat.ts';
import { ManualClock } from '../../support/clocks/manual-clock.ts';
import { settle } from '../../support/clocks/settle.ts';

const ROOM = 'channel:general';
const BOB = { user: 'bob', client: 'bob-1' };

/** Typing of alice in a room, and what the server is told and answers. */
function typing() {
  const clock = new ManualClock();
  const calls: boolean[] = [];
  const server = { answer: async () => ({ shown: true }) };
  let changes = 0;
  const room = new RoomTyping({
    user: 'alice',
    clock,
    set: on => {
      calls.push(on);
      return server.answer();
    },
  });
  room.changed.add(() => {
    changes += 1;
  });
  const hear = (user: unknown, on: unknown = true) =>
    room.heard({ offset: 0, type: 'typing', data: { type: 'typing', user, on }, sender: null });
  return { clock, room, calls, server, hear, changes: () => changes };
}

test('a user is shown for 6 s after the last event, or until the end or an entry of that user', () => {
  const { clock, room, hear, changes } = typing();
  hear('bob');
  hear('carol');
  clock.pass(5_999);
  hear('bob');
  assert.deepEqual(room.users, ['bob', 'carol']);
  clock.pass(1);
  assert.deepEqual(room.users, ['bob']);
  hear('bob', false);
  assert.deepEqual([room.users, changes()], [[], 4]);
  hear('bob');
  room.heard({ offset: 7, type: 'message', data: {}, sender: BOB });
  assert.deepEqual([room.users, changes()], [[], 6]);
  hear('bob');
  room.close();
  clock.pass(10_000);
  assert.deepEqual([room.users, changes()], [[], 7]);
});

test('events of other types, broken ones and those of the own user are ignored', () => {
  const { room, hear } = typing();
  room.heard({ offset: 0, type: 'receipt', data: { type: 'typing', user: 'bob', on: true }, sender: null });
  room.heard({ offset: 0, type: 'typing', data: null, sender: null });
  room.heard({ offset: 9, type: 'publish', data: { type: 'typing', user: 'bob', on: true }, sender: BOB });
  for (const user of ['alice', 7, undefined]) hear(user);
  hear('bob', 'yes');
  assert.deepEqual(room.users, []);
});

test('typing is reported every 3 s, its end at once, and neither without need', async () => {
  const { clock, room, calls } = typing();
  room.report(false);
  for (let ms = 0; ms < 7_000; ms += 100) {
    room.report();
    clock.pass(100);
    await settle();
  }
  assert.deepEqual(calls, [true, true, true]);
  room.report(false);
  room.report(false);
  assert.deepEqual(calls.splice(0), [true, true, true, false]);
  clock.pass(3_000);
  room.report();
  room.sent();
  room.report(false);
  assert.deepEqual(calls, [true]);
});

for (const [what, answer] of [
  ['a room that is too large', async () => ({ shown: false })],
  ['a gateway of the version before', () => Promise.reject(new CallError(104, 'method not found', false))],
] as const)
  test(`${what} is left alone for 30 s`, async () => {
    const { clock, room, calls, server } = typing();
    server.answer = answer;
    for (let ms = 0; ms < 31_000; ms += 500) {
      room.report();
      await settle();
      clock.pass(500);
    }
    assert.deepEqual(calls, [true, true]);
  });

test('a temporary error is not repeated, and the next report comes as ever', async () => {
  const { clock, room, calls, server } = typing();
  server.answer = () => Promise.reject(new CallError(100, 'internal server error', true));
  room.report();
  await settle();
  clock.pass(3_000);
  room.report();
  assert.deepEqual(calls, [true, true]);
});

test('an event changes no message and no position of a room, and shows who types', async () => {
  const { chat, server } = offlineChat();
  server.say(ROOM, 'hello');
  chat.connect();
  const room = chat.open(ROOM);
  await settle();
  const { messages } = room;
  const offset = room.readOffset;
  server.event(ROOM, 'typing', { user: 'bob', on: true });
  assert.deepEqual([room.typing.users, room.messages, room.readOffset], [['bob'], messages, offset]);
  server.say(ROOM, 'here I am');
  assert.deepEqual([room.typing.users, room.messages.at(-1)?.text], [[], 'here I am']);
});
