import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { CallError } from '../../client/call-error.ts';
import type { Chat, Removal } from '../../client/chat.ts';
import { RoomList } from '../../client/room-list.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { until } from '../../tools/support/until.ts';
import { startClient } from '../support/chat/dev-client.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const cluster = await startCluster({ after }, await startBackends({ after }), {
  env: {
    CHAT_DEV_SIGN_IN: 'Enabled',
    CHAT_ROOM_RULES: JSON.stringify({ club: { access: 'Members', join: 'Request' } }),
  },
});
const [first, second] = cluster.gateways;

const roomsOf = (chat: Chat) => chat.roomList.rooms.map(({ name, state }) => `${state} ${name}`);
const membersOf = (chat: Chat, room: string) => chat.open(room).info.members.map(({ user, rank }) => `${rank} ${user}`);

/** Waits until an open room has these members, as one user sees them. */
async function haveMembers(chat: Chat, room: string, ...expected: string[]): Promise<void> {
  chat.open(room).info.open();
  const state = () => membersOf(chat, room);
  await until(`${chat.user} sees ${expected}`, () => state().join() === expected.join(), { state });
}

test('members of an open room see who is added, gets a rank and is kicked; the kicked one is told by whom', async t => {
  const [ann, bob, eve] = [
    startClient(t, 'ann', first.port),
    startClient(t, 'bob', second.port),
    startClient(t, 'eve', first.port),
  ];
  const { room } = await ann.act('room.create', { kind: 'group', name: 'Tea', members: ['bob', 'eve'] });
  const removals: Removal[] = [];
  eve.removed.add(removal => removals.push(removal));
  for (const chat of [ann, bob, eve]) await haveMembers(chat, room, 'owner ann', 'member bob', 'member eve');
  await until('eve is in the room', () => eve.open(room).status.phase === 'live');
  await ann.act('room.add', { room, users: ['dan'] });
  await ann.act('room.role', { room, user: 'bob', role: 'moderator' });
  for (const chat of [ann, bob, eve])
    await haveMembers(chat, room, 'owner ann', 'moderator bob', 'member dan', 'member eve');
  await until('bob may kick', () => bob.open(room).info.may('kick'));
  await bob.act('room.kick', { room, user: 'eve' });
  await until('eve is removed', () => removals.length > 0);
  assert.deepEqual(removals, [{ room, ending: { act: 'kick', by: 'bob' } }]);
  assert.equal(eve.open(room).status.phase, 'refused');
  for (const chat of [ann, bob]) await haveMembers(chat, room, 'owner ann', 'moderator bob', 'member dan');
  await until('it is in no list of eve', () => eve.roomList.loaded && roomsOf(eve).length === 0);
  // The kicked user, and a stranger, learn the same as about a room that does not exist.
  const answer = async (chat: Chat, name: string) =>
    await chat.call('room.get', { room: name }).catch((error: CallError) => [error.code, error.message]);
  const dan = startClient(t, 'fay', second.port);
  assert.deepEqual(await answer(eve, room), await answer(eve, 'group:none'));
  assert.deepEqual(await answer(dan, room), await answer(eve, 'group:none'));
});

test('the list of rooms follows the own joins and leaves of channels, on all devices', async t => {
  const devices = [startClient(t, 'joe', first.port), startClient(t, 'joe', second.port)];
  const ann = startClient(t, 'ann3', first.port);
  for (const [index, acting] of [...devices, ...devices].entries()) {
    const { room } = await ann.act('room.create', { kind: 'channel', name: `Tea ${index}` });
    const have = async (expected: string) => {
      for (const device of devices)
        await until(`it has ${expected}`, () => device.roomList.loaded && roomsOf(device).join() === expected, {
          state: () => roomsOf(device),
        });
    };
    await have('');
    await acting.act('room.join', { room });
    await have(`member Tea ${index}`);
    await acting.act('room.leave', { room });
    await have('');
  }
});

test('the list of rooms has what the user created, joined, was invited to and has asked for', async t => {
  const [ann, bob] = [startClient(t, 'ann2', first.port), startClient(t, 'bob2', second.port)];
  const { room } = await ann.act('room.create', { kind: 'group', name: 'Coffee' });
  const club = await ann.act('room.create', { kind: 'club', name: 'Chess' });
  await until('ann has both', () => roomsOf(ann).toSorted().join() === 'member Chess,member Coffee', {
    state: () => roomsOf(ann),
  });
  await ann.act('room.invite', { room, users: ['bob2'] });
  await bob.act('room.request', { room: club.room });
  await until('bob has both', () => roomsOf(bob).toSorted().join() === 'invited Coffee,requested Chess', {
    state: () => roomsOf(bob),
  });
  const { info } = ann.open(club.room);
  info.open();
  await until('ann sees the request', () => info.requests.map(({ user }) => user).join() === 'bob2', {
    state: () => info.requests,
  });
  await bob.act('room.decline', { room });
  await until('bob has one', () => roomsOf(bob).join() === 'requested Chess', { state: () => roomsOf(bob) });
});

test('a user with 130 rooms has them all in the list, read page by page, and opens the last of them', async t => {
  const ann = startClient(t, 'ann7', first.port);
  const made: string[] = [];
  for (let round = 0; round < 13; round++) {
    const rooms = Array.from({ length: 10 }, (_, i) =>
      ann.act('room.create', { kind: 'group', name: `Room ${round * 10 + i}`, members: ['bob7'] }),
    );
    made.push(...(await Promise.all(rooms)).map(({ room }) => room));
  }
  // A list that is open while the rooms are made would be read again with each of them.
  const bob = startClient(t, 'bob7', second.port);
  const expected = made.toSorted();
  const rooms = () => bob.roomList.rooms.map(({ room }) => room);
  await until('bob has all', () => rooms().length === 130, { state: () => rooms().length });
  assert.deepEqual(rooms(), expected);
  assert.equal(new Set(bob.roomList.rooms.map(({ name }) => name)).size, 130);
  let pages = 0;
  const paged = new RoomList(async params => {
    pages += 1;
    return await bob.call('room.list', { ...params, limit: 50 });
  });
  await paged.refresh();
  assert.deepEqual([pages, paged.error, paged.rooms.map(({ room }) => room)], [3, null, expected]);
  const last = bob.open(expected.at(-1) ?? assert.fail());
  last.send('Still here');
  await until('it is stored', () => last.outgoing.length === 0 && last.messages.at(-1)?.text === 'Still here');
});

test('a link leads into a group, once more for nobody when it is used up', async t => {
  const [ann, bob, eve] = [
    startClient(t, 'ann3', first.port),
    startClient(t, 'bob3', second.port),
    startClient(t, 'eve3', first.port),
  ];
  const { room } = await ann.act('room.create', { kind: 'group', name: 'Juice' });
  const { token } = await ann.act('link.create', { room, uses: 1 });
  await bob.act('room.join', { room, link: token });
  await haveMembers(bob, room, 'owner ann3', 'member bob3');
  await assert.rejects(eve.act('room.join', { room, link: token }), { code: 410 });
});
