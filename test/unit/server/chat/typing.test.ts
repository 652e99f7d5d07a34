import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roomChat } from '../../../support/chat/room-chat.ts';

/** A chat in which users type. */
function typingChat() {
  const chat = roomChat({ pub: { sizes: { typing: 3 } }, quiet: { sizes: { typing: 0 } } });
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

test('typing is shown in rooms up to sizes.typing of the kind; where all may read, connections count', async () => {
  const { type, create, as, present, shown, clock } = typingChat();
  const room = await create('ann', ['bob', 'eve'], 'pub');
  assert.equal(await type('ann', room), true);
  await as('ann', 'room.add', { room, users: ['dan'] });
  clock.pass(3_000);
  assert.equal(await type('ann', room), false);
  assert.equal(await type('ann', room, false), false);
  present.push(...Array.from({ length: 100 }, (_, i) => `u${i}`));
  assert.equal(await type('ann', 'channel:hall'), true);
  present.push('one more');
  clock.pass(3_000);
  assert.equal(await type('ann', 'channel:hall'), false);
  assert.deepEqual(shown(), ['ann on', 'ann on']);
  const never = await create('ann', ['bob'], 'quiet');
  for (const silent of [never, 'user:ann']) assert.equal(await type('ann', silent), false);
});

test('users of whom one blocks the other do not see each other type, in groups and in open channels', async () => {
  const { type, create, as, present, events } = typingChat();
  const room = await create('ann', ['bob', 'eve']);
  present.push('bob', 'ann', 'eve', 'eve');
  await as('ann', 'block.add', { user: 'eve' });
  for (const [user, hidden] of [
    ['ann', ['eve']],
    ['eve', ['ann']],
    ['bob', []],
  ] as const)
    for (const where of [room, 'channel:hall']) {
      assert.equal(await type(user, where), true);
      assert.deepEqual(events.at(-1)?.except, [user, ...hidden]);
    }
});

test('an overloaded gateway shows nobody typing, and shows it again as soon as it is not', async () => {
  const { type, shown, create, rights } = typingChat();
  const room = await create('ann', ['bob']);
  rights.leftOut = ['typing'];
  assert.equal(await type('ann', room), false);
  assert.deepEqual(shown(), []);
  rights.leftOut = [];
  assert.equal(await type('ann', room), true);
});
