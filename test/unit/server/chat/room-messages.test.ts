import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCut } from '../../../../server/fold/room-state.ts';
import type { Moment } from '../../../../server/time/clock.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';

/** A chat in which users send and list messages. */
function messageChat() {
  const chat = roomChat();
  const { as } = chat;
  /** Sends a message. @returns its place and id */
  const send = async (user: string, room: string, text: string) => {
    const of = chat.idOf();
    const { offset: target } = await as(user, 'message.send', { id: of, room, text });
    return { target, of };
  };
  /** Texts that a user may read. */
  const texts = async (user: string, room: string, params: object = {}) =>
    (await as(user, 'message.list', { room, ...params })).items.map(({ text }) => text);
  return { ...chat, send, texts };
}

test('a group that is deleted or dissolved takes no message: each is refused, or void if its gateway had not seen the end', async () => {
  const { as, chat, code, create, send } = messageChat();
  const [deleted, dissolved] = [await create('ann', ['bob']), await create('ann')];
  await send('bob', deleted, 'before');
  const seen = (await chat.rooms.fresh(deleted)).cv;
  await as('ann', 'room.delete', { room: deleted });
  await as('ann', 'room.leave', { room: dissolved });
  for (const user of ['ann', 'bob'])
    assert.equal(await code(user, 'message.send', { room: deleted, text: 'after' }), 410);
  assert.equal(await code('ann', 'message.send', { room: dissolved, text: 'after' }), 103);
  assert.equal(await code('ann', 'room.add', { room: deleted, users: ['eve'] }), 410);
  const state = await chat.rooms.fresh(deleted);
  assert.equal(isCut(state, { user: 'bob', offset: state.at + 1, seen }), true);
  assert.equal(isCut(state, { user: 'bob', offset: state.at - 1, seen }), false);
});

test('who may write sends, with the version that was seen; others are refused with the reason', async () => {
  const { as, clock, code, create, log, send } = messageChat();
  const room = await create('ann', ['bob', 'eve']);
  await as('ann', 'room.role', { room, user: 'eve', role: 'moderator' });
  await send('bob', room, 'hello');
  const [last] = (await log.readAfter(room, log.last - 1, 1)).messages;
  assert.deepEqual([last?.type, last?.seen, last?.cv], ['message', 2, 0]);
  assert.equal(await code('dan', 'message.send', { room, text: 'no' }), 103);
  await as('eve', 'room.freeze', { room, on: true });
  assert.equal(await code('bob', 'message.send', { room, text: 'no' }), 423);
  await send('eve', room, 'staff');
  await as('eve', 'room.freeze', { room, on: false });
  await as('eve', 'room.mute', { room, user: 'bob', until: clock.wallClock() + 1_000 });
  assert.equal(await code('bob', 'message.send', { room, text: 'no' }), 423);
  clock.pass(1_000);
  await send('bob', room, 'again');
});

test('with history Joined a member reads what is above the join: its neighbours on both sides, and after coming back', async () => {
  const { as, code, create, members, send, texts } = messageChat();
  const room = await create('ann', [], 'circle');
  const before = await send('ann', room, 'before');
  await as('bob', 'room.join', { room });
  const after = await send('ann', room, 'after');
  assert.deepEqual(await texts('bob', room), ['after']);
  assert.deepEqual(await texts('bob', room, { after: 0 }), ['after']);
  assert.deepEqual(await texts('bob', room, { around: before.target }), ['after']);
  assert.deepEqual(await texts('bob', room, { before: after.target }), []);
  assert.deepEqual(await texts('ann', room), ['before', 'after']);
  const got = await as('bob', 'message.get', { room, ids: [before, after] });
  assert.deepEqual(
    got.items.map(({ text }) => text),
    ['after'],
  );
  const react = { room, emoji: '👍', on: true };
  assert.equal(await code('bob', 'message.react', { ...react, ...before }), 404);
  await as('bob', 'message.react', { ...react, ...after });
  const replyTo = { offset: before.target, id: before.of };
  assert.equal(await code('bob', 'message.send', { room, text: 'what?', replyTo }), 404);
  const own = await send('bob', room, 'own');
  await as('bob', 'room.leave', { room });
  assert.equal(await code('bob', 'message.list', { room }), 103);
  await send('ann', room, 'between');
  await as('bob', 'room.join', { room });
  await send('ann', room, 'back');
  assert.deepEqual(await texts('bob', room), ['back']);
  assert.equal(await code('bob', 'message.edit', { room, ...own, text: 'changed' }), 404);
  assert.equal(await code('bob', 'message.delete', { room, targets: [own] }), 404);
  assert.deepEqual(await members(room), { ann: 'owner', bob: 'member' });
});

test('staff deletes messages of lower ranks, at any age; nobody else deletes those of others', async () => {
  const { as, clock, code, create, send, texts } = messageChat();
  const room = await create('ann', ['bob', 'eve', 'dan']);
  for (const user of ['bob', 'eve']) await as('ann', 'room.role', { room, user, role: 'moderator' });
  const [ofDan, ofEve] = [await send('dan', room, 'spam'), await send('eve', room, 'staff')];
  clock.pass(3 * 24 * 3_600_000);
  assert.equal(await code('dan', 'message.delete', { room, targets: [ofEve] }), 103);
  assert.equal(await code('bob', 'message.delete', { room, targets: [ofDan, ofEve] }), 103);
  assert.equal(await code('dan', 'message.delete', { room, targets: [ofDan] }), 410);
  await as('bob', 'message.delete', { room, targets: [ofDan] });
  await as('ann', 'message.delete', { room, targets: [ofEve] });
  assert.deepEqual(await texts('ann', room), [undefined, undefined]);
});

test('messages are changed, hidden and quoted with rights as new as they are, whatever a gateway remembers', async () => {
  const { as, chat, create, idOf, refused, rights, send } = messageChat();
  const room = await create('ann', [], 'circle');
  const bob = { user: 'bob', rooms: [], expiresAt: Infinity as Moment };
  await as('bob', 'room.join', { room });
  const own = await send('bob', room, 'own');
  const { load } = rights;
  const old = await chat.access(bob, room);
  const leave = async () => await as('bob', 'room.leave', { room });
  /** Refusals of all that a user asks about a message, who is taken for a member since the first join. */
  const refusals = async (message: { target: number; of: string }) => {
    rights.load = () => old;
    const quoted = { offset: message.target, id: message.of };
    const answers = [
      await refused('bob', 'message.edit', { room, ...message, text: 'x' }),
      await refused('bob', 'message.react', { room, ...message, emoji: '👍', on: true }),
      await refused('bob', 'message.delete', { room, targets: [message] }),
      await refused('bob', 'message.delete', { room, targets: [own, message], scope: 'me' }),
      await refused('bob', 'message.send', { room, text: 'x', replyTo: quoted }),
    ];
    rights.load = load;
    return answers;
  };
  await leave();
  const out = await send('ann', room, 'out');
  const gone = await send('ann', room, 'gone');
  await as('ann', 'message.delete', { room, targets: [gone] });
  const stranger = await refused('zoe', 'message.list', { room });
  for (const message of [out, gone])
    assert.deepEqual(await refusals(message), [stranger, stranger, stranger, stranger, stranger]);
  assert.deepEqual(
    (await refusals({ target: out.target, of: idOf() })).map(({ code }) => code),
    [103, 103, 103, 103, 103],
    'it does not tell whether there is such a message',
  );
  await as('bob', 'room.join', { room });
  const next = await send('ann', room, 'next');
  rights.load = () => old;
  await as('bob', 'message.react', { room, ...next, emoji: '👍', on: true });
});
