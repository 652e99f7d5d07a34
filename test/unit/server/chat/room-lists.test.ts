import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roomStateJson } from '../../../../server/fold/room-state-json.ts';
import { publishControl } from '../../../support/chat/control-entries.ts';
import type { MemoryDirectory } from '../../../support/chat/memory-policy.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';

/** Ids of users, ascending. */
const ids = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `u${String(from + i).padStart(4, '0')}`);

/** A group of 500 with an owner and two moderators. */
async function largeGroup() {
  const chat = roomChat();
  const room = await chat.create('zoe', ['mia', 'leo']);
  for (const user of ['mia', 'leo']) await chat.as('zoe', 'room.role', { room, user, role: 'moderator' });
  for (let from = 0; from < 400; from += 100)
    await chat.as('zoe', 'room.add', { room, users: ids(from * 2, from * 2 + 100) });
  return { ...chat, room };
}

test('members are listed by rank and id, and a page goes on where the last one ended, whoever joins or leaves', async () => {
  const { as, room } = await largeGroup();
  const all = await as('mia', 'room.members', { room });
  assert.deepEqual(
    all.users.slice(0, 4).map(({ user, role }) => `${role} ${user}`),
    ['owner zoe', 'moderator leo', 'moderator mia', 'member u0000'],
  );
  assert.deepEqual([all.users.length, all.cursor], [403, undefined]);
  const seen: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; page === 0 || cursor !== undefined; page++) {
    const answer = await as('mia', 'room.members', { room, limit: 50, ...(cursor ? { cursor } : {}) });
    seen.push(...answer.users.map(({ user }) => user));
    cursor = answer.cursor;
    // One before the page joins, one of the page leaves.
    await as('zoe', 'room.add', { room, users: [`u0000-${page}`] });
    const leaving = answer.users[10]?.user;
    if (leaving) await as('zoe', 'room.kick', { room, user: leaving });
  }
  assert.deepEqual(seen, [...new Set(seen)]);
  const stayed = all.users.map(({ user }) => user).filter(user => seen.includes(user));
  assert.equal(stayed.length, 403);
});

test('members are found by rank and by the beginning of their id', async () => {
  const { as, code, room } = await largeGroup();
  const found = async (params: object) =>
    (await as('mia', 'room.members', { room, ...params })).users.map(({ user }) => user);
  assert.deepEqual(await found({ role: 'moderator' }), ['leo', 'mia']);
  assert.deepEqual(await found({ q: 'u000' }), ids(0, 10));
  assert.deepEqual(await found({ q: 'm' }), ['mia']);
  assert.deepEqual(await found({ q: 'u', role: 'owner' }), []);
  assert.equal(await code('mia', 'room.members', { room, cursor: 'neither' }), 107);
});

test('staff list users who ask, are invited or banned; others may not', async () => {
  const { as, code, create } = roomChat();
  const room = await create('ann', ['bob'], 'club');
  await as('eve', 'room.request', { room });
  await as('ann', 'room.invite', { room, users: ['dan', 'fay'] });
  await as('ann', 'room.ban', { room, user: 'leo' });
  const found = async (state: 'requested' | 'invited' | 'banned') =>
    (await as('ann', 'room.members', { room, state })).users.map(({ user }) => user);
  assert.deepEqual(
    [await found('requested'), await found('invited'), await found('banned')],
    [['eve'], ['dan', 'fay'], ['leo']],
  );
  assert.equal(await code('bob', 'room.members', { room, state: 'requested' }), 103);
  await as('ann', 'room.approve', { room, user: 'eve' });
  assert.deepEqual(await found('requested'), []);
});

test('staff see the words of requests and bans and their ends, and ends of mutes of those on whom they may act', async () => {
  const { as, clock, create } = roomChat();
  const room = await create('ann', ['bob', 'mod', 'two'], 'club');
  for (const user of ['mod', 'two']) await as('ann', 'room.role', { room, user, role: 'moderator' });
  const until = clock.wallClock() + 1_000;
  await as('eve', 'room.request', { room, note: 'Bob knows me' });
  await as('fay', 'room.request', { room });
  await as('ann', 'room.ban', { room, user: 'leo', until, reason: 'noise' });
  await as('ann', 'room.ban', { room, user: 'max', reason: 'noise' });
  await as('ann', 'room.ban', { room, user: 'max', reason: 'more noise' });
  for (const user of ['bob', 'two']) await as('ann', 'room.mute', { room, user, until });
  const found = async (by: string, state?: string) =>
    (await as(by, 'room.members', { room, ...(state ? { state } : {}) })).users.map(
      ({ since: _, role: __, ...rest }) => rest,
    );
  assert.deepEqual(await found('mod', 'requested'), [{ user: 'eve', note: 'Bob knows me' }, { user: 'fay' }]);
  const max = { user: 'max', reason: 'more noise' };
  assert.deepEqual(await found('mod', 'banned'), [{ user: 'leo', until, reason: 'noise' }, max]);
  const ann = { user: 'ann' };
  assert.deepEqual(await found('ann'), [ann, { user: 'mod' }, { user: 'two', until }, { user: 'bob', until }]);
  assert.deepEqual(await found('mod'), [ann, { user: 'mod' }, { user: 'two' }, { user: 'bob', until }]);
  assert.deepEqual(await found('bob'), [ann, { user: 'mod' }, { user: 'two' }, { user: 'bob' }]);
  clock.pass(1_000);
  assert.deepEqual([await found('mod', 'banned'), (await found('ann')).at(-1)], [[max], { user: 'bob' }]);
});

test('members of a room whose state lacks them come from the directory, page by page', async () => {
  const { as, chat, create } = roomChat();
  const room = await create('ann', [], 'channel');
  const directory = chat.directory as MemoryDirectory;
  directory.members = ids(0, 5).map(user => ({ user, rank: 'member', since: 7 }));
  const first = await as('eve', 'room.members', { room, limit: 2 });
  assert.deepEqual(first, {
    users: ids(0, 2).map(user => ({ user, role: 'member', since: 7 })),
    cursor: 'member u0001',
  });
  const rest = await as('eve', 'room.members', { room, limit: 3, cursor: first.cursor });
  assert.deepEqual([rest.users.map(({ user }) => user), rest.cursor], [ids(2, 5), undefined]);
});

test('rooms are found in kinds that one reads or joins without an invitation', async () => {
  const { as, chat, code } = roomChat();
  const directory = chat.directory as MemoryDirectory;
  directory.rooms = ['a', 'b', 'c'].map(name => ({
    room: `channel:${name}`,
    name,
    topic: '',
    avatar: '',
    members: 1,
    place: `${name}\0channel:${name}`,
  }));
  const first = await as('eve', 'room.discover', { kind: 'channel', limit: 2 });
  assert.deepEqual(
    first.items.map(({ room }) => room),
    ['channel:a', 'channel:b'],
  );
  const rest = await as('eve', 'room.discover', { kind: 'channel', cursor: first.cursor });
  assert.deepEqual([rest.items.map(({ name }) => name), rest.cursor], [['c'], undefined]);
  assert.equal(first.join, 'Anyone');
  assert.equal((await as('eve', 'room.discover', { kind: 'club' })).join, 'Request');
  assert.equal(await code('eve', 'room.discover', { kind: 'group' }), 108);
  assert.equal(await code('eve', 'room.discover', { kind: 'user' }), 108);
  assert.equal(await code('eve', 'room.discover', { kind: 'none' }), 102);
  assert.equal(await code('eve', 'room.discover', { kind: 'channel', cursor: 'x' }), 107);
});

test('a user lists the own rooms with their names, also while MongoDB is away', async () => {
  const { as, chat, clock, create, idOf, log } = roomChat();
  const [tea, coffee] = [await create('ann', ['bob']), await create('ann', [], 'club')];
  await as('ann', 'room.update', { room: coffee, name: 'Coffee' });
  await as('bob', 'room.request', { room: coffee });
  const other = await create('ann', ['bob']);
  await as('ann', 'room.ban', { room: other, user: 'bob' });
  const id = idOf();
  await as('ann', 'message.send', { room: tea, id, text: '🍵'.repeat(200) });
  await as('ann', 'message.send', { room: coffee, text: 'for members' });
  const message = { id, user: 'ann', time: clock.wallClock(), text: '🍵'.repeat(140) };
  const counts = { read: 0, delivered: 0 };
  const top = (room: string) => log.offsetsOf(room).at(-1);
  const expected = [
    { room: coffee, name: 'Coffee', state: 'requested', n: 0, mentions: 0, ...counts, last: null, top: top(coffee) },
    {
      room: tea,
      name: 'Tea',
      state: 'member',
      role: 'member',
      n: null,
      mentions: null,
      ...counts,
      last: { offset: top(tea), ...message },
      top: top(tea),
    },
  ];
  assert.deepEqual(await as('bob', 'room.list', {}), { items: expected });
  (chat.directory as MemoryDirectory).up = false;
  assert.deepEqual(await as('bob', 'room.list', {}), { items: expected });
  const first = await as('bob', 'room.list', { limit: 1 });
  assert.deepEqual([first.items.map(({ room }) => room), first.cursor], [[coffee], coffee]);
  assert.deepEqual((await as('bob', 'room.list', { cursor: coffee })).items, expected.slice(1));
  assert.deepEqual(await as('eve', 'room.list', {}), { items: [] });
});

test('kinds are listed by name with their rules, without the inboxes', async () => {
  const { items } = await roomChat().as('eve', 'room.kinds', {});
  assert.deepEqual(
    items.map(({ kind, access, create, join, maxMembers }) => [kind, access, create, join, maxMembers]),
    [
      ['channel', 'Open', 'Anyone', 'Anyone', 0],
      ['circle', 'Members', 'Anyone', 'Anyone', 3],
      ['club', 'Members', 'Anyone', 'Request', 500],
      ['dm', 'Members', 'Nobody', 'Invite', 2],
      ['group', 'Members', 'Anyone', 'Invite', 500],
      ['system', 'Open', 'Nobody', 'Anyone', 0],
    ],
  );
  const { kind: _, limits, sizes, ...rules } = items[1] ?? assert.fail();
  assert.deepEqual(rules, {
    access: 'Members',
    create: 'Anyone',
    join: 'Anyone',
    write: 'Members',
    history: 'Joined',
    maxMembers: 3,
    invite: 'Moderator',
  });
  assert.equal(limits.emojiPerMessage, 20);
  assert.deepEqual(sizes, { typing: 100, receipts: 100, presence: 100, mentionAll: 1_000 });
});

for (const isNoted of [false, true])
  test(`a member who is kicked during a list gets no later message of the room${isNoted ? ' that workers have noted' : ''}`, async () => {
    const { as, chat, create, log } = roomChat();
    const room = await create('ann', ['bob']);
    const { userRooms } = chat;
    const before = new Map(await userRooms.of('bob'));
    await as('ann', 'room.kick', { room, user: 'bob' });
    await as('ann', 'message.send', { room, text: 'without bob' });
    log.storeUpTo(log.last);
    if (isNoted) log.noted = log.last;
    // Until workers have noted the message, the gateway of the kick may not have written the document either.
    const of = userRooms.of.bind(userRooms);
    let reads = 0;
    userRooms.of = async user => (isNoted && reads++ > 0 ? await of(user) : before);
    const [item] = (await as('bob', 'room.list', {})).items;
    assert.deepEqual([item?.room, item?.last], [room, null]);
  });

test('a room that is deleted is in no list, and leaves place for another, also for members whom its state did not list', async () => {
  const { as, chat, code, create, log } = roomChat();
  const room = await create('ann', ['bob', 'eve']);
  const other = await create('ann', ['bob']);
  const state = await chat.rooms.fresh(room);
  const unlisted = { ...state, full: false, members: new Map([...state.members].filter(([user]) => user === 'ann')) };
  await publishControl(log, room, 2, { act: 'snapshot', state: roomStateJson(unlisted) });
  await as('ann', 'room.delete', { room });
  assert.equal((await chat.userRooms.of('bob')).has(room), true);
  assert.equal(await code('bob', 'room.leave', { room }), 410);
  const { items } = await as('bob', 'room.list', {});
  assert.deepEqual(
    items.map(item => item.room),
    [other],
  );
  assert.deepEqual([...(await chat.userRooms.of('bob')).keys()], [other]);
});
