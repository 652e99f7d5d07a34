import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roomChat } from '../../../support/chat/room-chat.ts';

/** A chat in which users type. */
function typingChat() {
  const chat = roomChat();
  const type = async (user: string, room: string, on = true) => (await chat.as(user, 'typing.set', { room, on })).shown;
  /** Events since the last call, as `user on` or `user off`. */
  const shown = () => chat.events.splice(0).map(({ data }) => `${data['user']} ${data['on'] === true ? 'on' : 'off'}`);
  return { ...chat, type, shown };
}

test('the others see that a user types, the own connections do not', async () => {
  const { type, events, create } = typingChat();
  const room = await create('ann', ['bob']);
  assert.equal(await type('ann', room), true);
  assert.deepEqual(events, [{ room, data: { type: 'typing', user: 'ann', on: true }, except: ['ann'] }]);
});

test('a user who goes on typing is shown every 3 s, however often a client says so, and the end at once', async () => {
  const { type, shown, create, clock } = typingChat();
  const room = await create('ann', ['bob']);
  const other = await create('ann', ['bob']);
  const answers: boolean[] = [];
  for (let ms = 0; ms < 9_000; ms += 500) {
    answers.push(await type('ann', room));
    clock.pass(500);
  }
  assert.ok(answers.filter(Boolean).length <= 4);
  assert.deepEqual(new Set(shown()), new Set(['ann on']));
  assert.equal(await type('bob', room), true); // of each user
  assert.equal(await type('ann', other), true); // and each room
  shown();
  clock.pass(3_000);
  assert.equal(await type('ann', room), true);
  assert.equal(await type('ann', room, false), true);
  assert.equal(await type('ann', room, false), false);
  assert.equal(await type('ann', room), false); // not even after the end: on and off would alternate
  assert.deepEqual(shown(), ['ann on', 'ann off']);
});

test('a client that repeats every 3 s loses none of it to jitter', async () => {
  const { type, create, clock } = typingChat();
  const room = await create('ann', ['bob']);
  for (const ms of [0, 2_700, 3_300, 2_600, 3_400]) {
    clock.pass(ms);
    assert.equal(await type('ann', room), true);
  }
});

test('an end after clients have stopped showing it is not sent', async () => {
  const { type, shown, create, clock } = typingChat();
  const room = await create('ann', ['bob']);
  await type('ann', room);
  clock.pass(6_000);
  assert.equal(await type('ann', room, false), false);
  assert.deepEqual(shown(), ['ann on']);
});

test('who may not send may not type', async () => {
  const { code, create, as, events, clock } = typingChat();
  const room = await create('ann', ['bob']);
  assert.equal(await code('eve', 'typing.set', { room, on: true }), 103);
  await as('ann', 'room.mute', { room, user: 'bob', until: clock.wallClock() + 60_000 });
  assert.equal(await code('bob', 'typing.set', { room, on: true }), 423);
  assert.deepEqual(events, []);
});

test('typing is shown in rooms of up to 100 members; in open channels connections count', async () => {
  const { type, create, as, present, shown, clock } = typingChat();
  const users = Array.from({ length: 99 }, (_, i) => `u${i}`);
  const room = await create('ann', users);
  assert.equal(await type('ann', room), true);
  await as('ann', 'room.add', { room, users: ['bob'] });
  clock.pass(3_000);
  assert.equal(await type('ann', room), false);
  present.connections = 100;
  assert.equal(await type('ann', 'channel:hall'), true);
  present.connections = 101;
  clock.pass(3_000);
  assert.equal(await type('ann', 'channel:hall'), false);
  assert.equal(await type('ann', 'channel:hall', false), false);
  assert.deepEqual(shown(), ['ann on', 'ann on']);
  assert.equal(await type('ann', 'user:ann'), false);
});
