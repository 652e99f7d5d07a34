import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VerbName } from '../../../../client/verbs.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';

/** A room of ann and bob with a message of each. */
async function directRoom() {
  const chat = roomChat({ desk: { access: 'Members', create: 'Anyone', write: 'Staff' } });
  const { as, refused } = chat;
  const { room } = await as('ann', 'dm.open', { user: 'bob' });
  const send = async (user: string, to = room) => {
    const of = chat.idOf();
    const { offset: target } = await as(user, 'message.send', { id: of, room: to, text: 'hello' });
    return { target, of };
  };
  const messages = { ann: await send('ann'), bob: await send('bob') };
  type User = keyof typeof messages;
  /** Calls that write, of a user. */
  const writes = (user: User): readonly (readonly [VerbName, object])[] => [
    ['message.send', { room, text: 'still there?' }],
    ['message.edit', { room, ...messages[user], text: 'edited' }],
    ['message.react', { room, ...messages.ann, emoji: '👍', on: true }],
    ['message.delete', { room, targets: [messages[user]] }],
    ['typing.set', { room, on: true }],
  ];
  /** Answers to all that a user may write: one if all are the same. */
  const answers = async (user: User) => {
    const found = await Promise.all(writes(user).map(([name, params]) => refused(user, name, params)));
    return [...new Set(found.map(({ code, message }) => `${code} ${message}`))];
  };
  const state = () => chat.chat.rooms.fresh(room);
  return { ...chat, room, send, messages, answers, state };
}

const BLOCKER = ['409 you have blocked this user'];

test('neither of two writes to the other while one blocks the other; both go on reading and hiding', async () => {
  const { as, room, answers, messages, create, refused, state } = await directRoom();
  const desk = await create('ann', ['bob'], 'desk');
  await as('ann', 'block.add', { user: 'bob' });
  assert.deepEqual((await state()).blocks, ['ann']);
  assert.deepEqual(await answers('ann'), BLOCKER);
  // The blocked user is answered as in a room where members do not write.
  const { code, message } = await refused('bob', 'message.send', { room: desk, text: 'hello' });
  assert.deepEqual(await answers('bob'), [`${code} ${message}`]);
  for (const user of ['ann', 'bob']) {
    assert.deepEqual((await as(user, 'room.get', { room })).me.can, ['read']);
    assert.equal((await as(user, 'message.list', { room })).items.length, 2);
  }
  await as('bob', 'message.delete', { room, targets: [messages.ann], scope: 'me' });
});

test('a block ends with the unblock of the user who made it, and each has a block of their own', async () => {
  const { as, answers, send, state } = await directRoom();
  await as('ann', 'block.add', { user: 'bob' });
  await as('bob', 'block.add', { user: 'ann' });
  assert.deepEqual([await answers('ann'), await answers('bob')], [BLOCKER, BLOCKER]);
  await as('ann', 'block.remove', { user: 'bob' });
  assert.deepEqual((await state()).blocks, ['bob']);
  assert.deepEqual(await answers('bob'), BLOCKER);
  await as('bob', 'block.remove', { user: 'ann' });
  assert.deepEqual((await state()).blocks, []);
  for (const user of ['ann', 'bob']) await send(user);
});

test('a block makes one entry of a type that no client gets, however often it is made; without a room it makes none', async () => {
  const { as, room, entriesOf, idOf, state } = await directRoom();
  const id = idOf();
  for (const again of [id, id, idOf()]) await as('ann', 'block.add', { id: again, user: 'bob' });
  await as('ann', 'block.add', { user: 'carl' });
  const acts = (await entriesOf(room)).filter(({ data }) => data['cv'] !== undefined);
  assert.deepEqual(
    acts.map(({ type, user, data }) => [type, user, data['act']]),
    [
      ['room', 'ann', 'create'],
      ['pair', 'ann', 'block'],
    ],
  );
  assert.equal((await state()).cv, 2);
});

test('a room that lacks a block, as its gateway ended, gets it when the block is made again', async () => {
  const { as, room, chat, idOf, answers, state } = await directRoom();
  const { pairs, rooms } = chat;
  const id = idOf();
  await pairs.acted(
    { user: 'ann', other: 'bob', offset: 1_000, id, act: 'block', of: 0, ends: 'decline', note: '' },
    await pairs.fresh('ann', 'bob'),
  );
  assert.equal((await rooms.fresh(room)).blocks.length, 0);
  await as('ann', 'block.add', { id, user: 'bob' });
  assert.deepEqual((await state()).blocks, ['ann']);
  assert.deepEqual(await answers('ann'), BLOCKER);
});
