import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roomChat } from '../../../support/chat/room-chat.ts';

/** A chat in which fay lets nobody add or invite her, and bob has no settings. */
async function strangers() {
  const chat = roomChat();
  await chat.as('fay', 'settings.set', { privacy: { add: 'nobody', invite: 'nobody' } });
  /** Answers to each way to get a user into rooms, without the name of the user. */
  const answers = async (caller: string, user: string) => {
    const group = await chat.create(caller);
    const club = await chat.create(caller, [], 'club');
    const added = await chat.as(caller, 'room.add', { room: group, users: [user, 'gil'] });
    const invited = await chat.as(caller, 'room.invite', { room: club, users: [user, 'gil'] });
    const { users } = await chat.as(caller, 'room.create', { kind: 'group', members: [user, 'gil'] });
    const listed = [await chat.members(group), await chat.members(club)];
    return JSON.stringify([added, invited, users, listed]).replaceAll(`"${user}"`, '"?"');
  };
  return { ...chat, answers };
}

test('who is blocked, or blocks, is answered as by a user whose settings forbid it, until the unblock', async () => {
  const { as, answers, chat } = await strangers();
  const [free, forbidden] = [await answers('ann', 'bob'), await answers('ann', 'fay')];
  assert.notEqual(free, forbidden);
  await as('bob', 'block.add', { user: 'ann' });
  assert.equal(await answers('ann', 'bob'), forbidden, 'ann is blocked');
  assert.equal(await answers('bob', 'ann'), forbidden.replaceAll('"ann"', '"bob"'), 'bob blocks');
  const rooms = async () => [...(await chat.userRooms.of('bob')).keys()].filter(room => !room.startsWith('dm:'));
  const before = await rooms();
  await answers('ann', 'bob');
  assert.deepEqual(await rooms(), before);
  assert.equal((await as('eve', 'room.create', { kind: 'group', members: ['bob'] })).users['bob'], 'added');
  await as('bob', 'block.remove', { user: 'ann' });
  assert.equal(await answers('ann', 'bob'), free);
});

test('who may invite a user follows from the setting', async () => {
  const { as, create } = await strangers();
  await as('ann', 'friend.request', { user: 'bob' });
  await as('bob', 'friend.accept', { user: 'ann' });
  await as('bob', 'settings.set', { privacy: { invite: 'friends' } });
  for (const [caller, outcome] of [
    ['ann', 'invited'],
    ['eve', 'refused'],
  ] as const) {
    const room = await create(caller);
    assert.deepEqual((await as(caller, 'room.invite', { room, users: ['bob'] })).users, { bob: outcome });
  }
});

test('one who has asked to join, is invited or is a member is answered as without the block', async () => {
  const { as, create, members } = await strangers();
  const [club, other, third] = [await create('ann', [], 'club'), await create('ann', [], 'club'), await create('ann')];
  await as('bob', 'room.request', { room: club });
  await as('bob', 'room.request', { room: other });
  const invitation = { room: third, id: '0190f3a3-4a00-7b22-9c3d-4e5f6a7b8c9d', users: ['bob'] };
  await as('ann', 'room.invite', invitation);
  await as('bob', 'block.add', { user: 'ann' });
  assert.deepEqual((await as('ann', 'room.invite', invitation)).users, { bob: 'invited' });
  assert.deepEqual((await as('ann', 'room.invite', { room: third, users: ['bob'] })).users, { bob: 'invited' });
  assert.deepEqual((await as('ann', 'room.invite', { room: club, users: ['bob'] })).users, { bob: 'member' });
  assert.deepEqual((await as('ann', 'room.add', { room: other, users: ['bob'] })).users, { bob: 'added' });
  for (const room of [club, other]) {
    assert.equal((await members(room))['bob'], 'member');
    assert.deepEqual((await as('ann', 'room.invite', { room, users: ['bob'] })).users, { bob: 'member' });
  }
});
