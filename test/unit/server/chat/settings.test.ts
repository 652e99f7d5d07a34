import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roomChat } from '../../../support/chat/room-chat.ts';

const DEFAULTS = {
  privacy: {
    dm: 'everyone',
    add: 'everyone',
    invite: 'everyone',
    request: 'everyone',
    presence: 'everyone',
    receipts: 'on',
  },
  invisible: false,
};

test('settings are the defaults until they are changed, and a change leaves others as they are', async () => {
  const { as, entriesOf } = roomChat();
  assert.deepEqual(await as('ann', 'settings.get', {}), DEFAULTS);
  await as('ann', 'settings.set', { privacy: { add: 'friends' } });
  const set = await as('ann', 'settings.set', { privacy: { receipts: 'off' }, invisible: true });
  const expected = { privacy: { ...DEFAULTS.privacy, add: 'friends', receipts: 'off' }, invisible: true };
  assert.deepEqual(set, { ...expected, duplicate: false });
  assert.deepEqual(await as('ann', 'settings.get', {}), expected);
  assert.deepEqual(await as('bob', 'settings.get', {}), DEFAULTS);
  assert.deepEqual(
    (await entriesOf('user:ann')).map(({ type, user, data }) => [type, user, data['privacy'], data['invisible']]),
    [
      ['me', 'ann', { add: 'friends' }, undefined],
      ['me', 'ann', { receipts: 'off' }, true],
    ],
  );
});

test('a change that comes again counts once, at its own place', async () => {
  const { as, idOf, entriesOf } = roomChat();
  const id = idOf();
  await as('ann', 'settings.set', { id, privacy: { add: 'nobody' } });
  await as('ann', 'settings.set', { privacy: { add: 'friends' } });
  const again = await as('ann', 'settings.set', { id, privacy: { add: 'nobody' }, invisible: true });
  assert.deepEqual([again.duplicate, again.privacy.add, again.invisible], [true, 'friends', false]);
  assert.equal((await entriesOf('user:ann')).length, 2);
});

test('a change without a setting is refused, and one with a value that does not exist', async () => {
  const { refused } = roomChat();
  const empty = { code: 107, message: 'privacy or invisible must be given' };
  assert.deepEqual(await refused('ann', 'settings.set', {}), empty);
  assert.deepEqual(await refused('ann', 'settings.set', { privacy: {} }), empty);
  assert.deepEqual(await refused('ann', 'settings.set', { privacy: { request: 'friends' } }), {
    code: 107,
    message: 'privacy.request must be one of everyone, nobody',
  });
});

test('settings are changed once all gateways heed them', async () => {
  const { code, rights } = roomChat();
  rights.kept = false;
  assert.equal(await code('ann', 'settings.set', { invisible: true }), 100);
});

/** A chat in which bob and ann are friends. */
async function friends() {
  const chat = roomChat();
  await chat.as('ann', 'friend.request', { user: 'bob' });
  await chat.as('bob', 'friend.accept', { user: 'ann' });
  return chat;
}

for (const [add, byFriend, byStranger] of [
  ['everyone', 'added', 'added'],
  ['friends', 'added', 'refused'],
  ['nobody', 'refused', 'refused'],
] as const)
  test(`who lets ${add} add them to rooms: a friend gets ${byFriend}, a stranger ${byStranger}, at once and in new rooms`, async () => {
    const { as, create, members } = await friends();
    await as('bob', 'settings.set', { privacy: { add } });
    for (const [caller, outcome] of [
      ['ann', byFriend],
      ['eve', byStranger],
    ] as const) {
      const room = await create(caller);
      assert.deepEqual((await as(caller, 'room.add', { room, users: ['bob', 'dan'] })).users, {
        bob: outcome,
        dan: 'added',
      });
      assert.equal((await members(room))['bob'], outcome === 'added' ? 'member' : undefined);
      const made = await as(caller, 'room.create', { kind: 'group', members: ['bob', 'dan'] });
      assert.deepEqual(made.users, { bob: outcome, dan: 'added' });
      assert.equal((await members(made.room))['bob'], outcome === 'added' ? 'member' : undefined);
    }
  });

test('who lets nobody add them can still be invited, and added once they have asked; a member stays added', async () => {
  const { as, create, members } = roomChat();
  await as('bob', 'settings.set', { privacy: { add: 'nobody' } });
  const room = await create('ann', [], 'club');
  const id = (await as('ann', 'room.invite', { room, users: ['bob'] })).users;
  assert.deepEqual(id, { bob: 'invited' });
  await as('bob', 'room.decline', { room });
  await as('bob', 'room.request', { room });
  assert.deepEqual((await as('ann', 'room.add', { room, users: ['bob'] })).users, { bob: 'added' });
  assert.equal((await members(room))['bob'], 'member');
  assert.deepEqual((await as('ann', 'room.add', { room, users: ['bob'] })).users, { bob: 'added' });
});

test('an addition that comes again is answered as the first, as far as that can be seen', async () => {
  const { as, create, idOf } = roomChat();
  await as('eve', 'settings.set', { privacy: { add: 'nobody' } });
  const room = await create('ann');
  const id = idOf();
  const users = { bob: 'added', eve: 'refused' };
  assert.deepEqual((await as('ann', 'room.add', { room, id, users: ['bob', 'eve'] })).users, users);
  await as('bob', 'settings.set', { privacy: { add: 'nobody' } });
  const again = await as('ann', 'room.add', { room, id, users: ['bob', 'eve'] });
  assert.deepEqual([again.users, again.duplicate], [users, true]);
});

test('who lets nobody ask is asked by nobody, in the words of a block, and may ask', async () => {
  const { as, refused } = roomChat();
  await as('bob', 'settings.set', { privacy: { request: 'nobody' } });
  await as('eve', 'block.add', { user: 'ann' });
  assert.deepEqual(
    await refused('ann', 'friend.request', { user: 'bob' }),
    await refused('ann', 'friend.request', { user: 'eve' }),
  );
  await as('bob', 'friend.request', { user: 'ann' });
  assert.equal((await as('ann', 'friend.request', { user: 'bob' })).state, 'friend');
});

test('a request that came before the user let nobody ask is answered again when it comes again', async () => {
  const { as, idOf } = roomChat();
  const id = idOf();
  await as('ann', 'friend.request', { id, user: 'bob' });
  await as('bob', 'settings.set', { privacy: { request: 'nobody' } });
  assert.equal((await as('ann', 'friend.request', { id, user: 'bob' })).duplicate, true);
  assert.equal((await as('bob', 'friend.accept', { user: 'ann' })).state, 'friend');
});

test('who lets friends alone open rooms of two: strangers are refused in the words of a block, and rooms that are open go on', async () => {
  const { as, refused } = await friends();
  const { room } = await as('dan', 'dm.open', { user: 'bob' });
  await as('bob', 'settings.set', { privacy: { dm: 'friends' } });
  await as('fay', 'block.add', { user: 'eve' });
  assert.deepEqual(await refused('eve', 'dm.open', { user: 'bob' }), await refused('eve', 'dm.open', { user: 'fay' }));
  assert.deepEqual(await as('dan', 'dm.open', { user: 'bob' }), { room });
  await as('ann', 'dm.open', { user: 'bob' });
  await as('bob', 'dm.open', { user: 'eve' });
  await as('bob', 'settings.set', { privacy: { dm: 'nobody' } });
  assert.equal((await refused('gil', 'dm.open', { user: 'bob' })).code, 103);
});
