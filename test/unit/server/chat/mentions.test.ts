import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Item } from '../../../support/chat/folded-items.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';

const COMMITTEE = { committee: { access: 'Members', create: 'Anyone', sizes: { mentionAll: 2 } } };

/** A group of alice, its owner, and bob, in which alice has written. */
async function group(text: object = {}) {
  const chat = roomChat(COMMITTEE);
  const room = await chat.create('alice', ['bob']);
  const of = chat.idOf();
  const { offset: target } = await chat.as('alice', 'message.send', { room, id: of, text: 'tea?', ...text });
  /** Mentions of the messages, as a list shows them. */
  const listed = async () => {
    const { items } = (await chat.as('bob', 'message.list', { room })) as unknown as { items: readonly Item[] };
    return items.map(({ text, mentions, all }) => ({ text, mentions, all }));
  };
  return { ...chat, room, target, of, listed };
}

test('a text has its mentions, and an edit has others in place of them', async () => {
  const { as, room, target, of, listed } = await group({ mentions: ['bob', 'stranger'] });
  assert.deepEqual(await listed(), [{ text: 'tea?', mentions: ['bob', 'stranger'], all: undefined }]);
  await as('alice', 'message.edit', { room, target, of, text: 'coffee?', mentions: ['carol'] });
  assert.deepEqual(await listed(), [{ text: 'coffee?', mentions: ['carol'], all: undefined }]);
  await as('alice', 'message.edit', { room, target, of, text: 'water?' });
  assert.deepEqual(await listed(), [{ text: 'water?', mentions: undefined, all: undefined }]);
});

test('a deleted message mentions nobody', async () => {
  const { as, room, target, of, listed } = await group({ mentions: ['bob'], all: true });
  await as('alice', 'message.delete', { room, targets: [{ target, of }] });
  assert.deepEqual(await listed(), [{ text: undefined, mentions: undefined, all: undefined }]);
});

test('mentions are at most 50 different users', async () => {
  const { refused, as, room } = await group();
  const users = Array.from({ length: 51 }, (_, index) => `user${index}`);
  await as('bob', 'message.send', { room, text: 'hi', mentions: users.slice(1) });
  const error = (mentions: unknown) => refused('bob', 'message.send', { room, text: 'hi', mentions });
  assert.deepEqual(await error(users), { code: 107, message: 'mentions must be a list of at most 50' });
  assert.deepEqual(await error(['alice', 'carol', 'alice']), {
    code: 107,
    message: 'mentions[2] must be a user who is not in the list before',
  });
  assert.equal((await error([''])).code, 107);
});

test('staff alone mentions everybody, in a message and by an edit', async () => {
  const { as, refused, room, idOf, listed } = await group({ all: true });
  assert.deepEqual(await listed(), [{ text: 'tea?', mentions: undefined, all: true }]);
  const denied = { code: 103, message: 'permission denied: it takes the rank moderator' };
  assert.deepEqual(await refused('bob', 'message.send', { room, text: 'tea!', all: true }), denied);
  const of = idOf();
  const { offset: target } = await as('bob', 'message.send', { room, id: of, text: 'tea!', all: false });
  const edit = { room, target, of, text: 'TEA!', all: true };
  assert.deepEqual(await refused('bob', 'message.edit', edit), denied);
  await as('alice', 'room.role', { room, user: 'bob', role: 'moderator' });
  await as('bob', 'message.edit', edit);
  assert.equal((await listed()).at(-1)?.all, true);
});

test('what was allowed when it was sent is answered again after the rank is lost', async () => {
  const { as, room, idOf } = await group();
  await as('alice', 'room.role', { room, user: 'bob', role: 'moderator' });
  const sent = { room, id: idOf(), text: 'tea!', all: true };
  const { offset } = await as('bob', 'message.send', sent);
  await as('alice', 'room.role', { room, user: 'bob', role: 'member' });
  const again = await as('bob', 'message.send', sent);
  assert.deepEqual([again.offset, again.duplicate], [offset, true]);
});

test('nobody mentions everybody where the room is too large for it, or has no staff', async () => {
  const { as, create, refused, code } = roomChat(COMMITTEE);
  const room = await create('alice', ['bob'], 'committee');
  await as('alice', 'message.send', { room, text: 'tea?', all: true });
  await as('alice', 'room.add', { room, users: ['carol'] });
  assert.deepEqual(await refused('alice', 'message.send', { room, text: 'tea?', all: true }), {
    code: 106,
    message: 'all is for rooms with at most 2 members (sizes.mentionAll of the kind committee)',
  });
  for (const room of ['channel:general', 'user:alice'])
    assert.equal(await code('alice', 'message.send', { room, text: 'tea?', all: true }), 103, room);
});
