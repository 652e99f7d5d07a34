import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roomChat } from '../../../support/chat/room-chat.ts';

const HOUR = 3_600_000;

test('a room is made once, however often its id is sent, and its creator is the owner', async () => {
  const { as, code, idOf, members } = roomChat();
  const params = { id: idOf(), kind: 'group', name: 'Tea', members: ['bob', 'ann', 'bob'] };
  const room = `group:${params.id}`;
  const made = { room, users: { ann: 'added', bob: 'added' }, cv: 1 };
  assert.deepEqual(await as('ann', 'room.create', params), { ...made, duplicate: false });
  assert.deepEqual(await as('ann', 'room.create', params), { ...made, duplicate: true });
  assert.equal(await code('eve', 'room.create', params), 409);
  assert.deepEqual(await members(room), { ann: 'owner', bob: 'member' });
  const { created, ...got } = await as('bob', 'room.get', { room });
  assert.ok(created > 0);
  assert.deepEqual(got, {
    room,
    kind: 'group',
    access: 'Members',
    write: 'Members',
    name: 'Tea',
    topic: '',
    avatar: '',
    frozen: false,
    members: 2,
    cv: 1,
    me: { state: 'member', role: 'member', can: ['read', 'write', 'leave'] },
  });
});

test('kinds say who makes rooms, and of how many', async () => {
  const { code } = roomChat();
  assert.equal(await code('ann', 'room.create', { kind: 'dm' }), 103);
  assert.equal(await code('ann', 'room.create', { kind: 'user' }), 103);
  for (const kind of ['unheard', 'group:private', 'group:', ':'])
    assert.equal(await code('ann', 'room.create', { kind }), 102, kind);
  assert.equal(await code('ann', 'room.create', { kind: 'circle', members: ['bob', 'eve', 'dan'] }), 106);
});

test('texts are changed by admins, the topic by moderators too, and only if the caller saw the version', async () => {
  const { as, code, create, refused } = roomChat();
  const room = await create('ann', ['bob', 'eve']);
  await as('ann', 'room.role', { room, user: 'bob', role: 'moderator' });
  assert.deepEqual(await as('bob', 'room.update', { room, topic: 'Green' }), { cv: 3, duplicate: false });
  assert.equal(await code('bob', 'room.update', { room, name: 'Mine' }), 103);
  assert.equal(await code('eve', 'room.update', { room, topic: 'Black' }), 103);
  const stale = await refused('ann', 'room.update', { room, cv: 2, name: 'Late' });
  assert.deepEqual(stale, { code: 409, message: 'the room has the version 3' });
  assert.equal((await as('ann', 'room.update', { room, cv: 3, name: 'Tea house' })).cv, 4);
  assert.equal((await as('ann', 'room.update', { room, name: 'Tea house' })).cv, 4);
  const { name, topic } = await as('eve', 'room.get', { room });
  assert.deepEqual([name, topic], ['Tea house', 'Green']);
  assert.equal(await code('ann', 'room.update', { room }), 107);
});

test('a frozen room is frozen once', async () => {
  const { as, create } = roomChat();
  const room = await create('ann', ['bob']);
  assert.equal((await as('ann', 'room.freeze', { room, on: true })).cv, 2);
  assert.equal((await as('ann', 'room.freeze', { room, on: true })).cv, 2);
  assert.deepEqual((await as('bob', 'room.get', { room })).me.can, ['read', 'leave']);
  assert.equal((await as('ann', 'room.freeze', { room, on: false })).cv, 3);
});

test('users are added, or refused if they are banned, and a repeat answers the same', async () => {
  const { as, code, create, idOf, members } = roomChat();
  const room = await create('ann', ['bob']);
  await as('ann', 'room.ban', { room, user: 'mallory' });
  const add = { id: idOf(), room, users: ['eve', 'bob', 'mallory'] };
  const users = { eve: 'added', bob: 'added', mallory: 'refused' };
  assert.deepEqual(await as('ann', 'room.add', add), { users, cv: 3, duplicate: false });
  assert.deepEqual(await as('ann', 'room.add', add), { users, cv: 3, duplicate: true });
  assert.deepEqual(await members(room), { ann: 'owner', bob: 'member', mallory: 'banned', eve: 'member' });
  assert.equal(await code('bob', 'room.add', { room, users: ['dan'] }), 103);
  await as('ann', 'room.role', { room, user: 'bob', role: 'moderator' });
  assert.equal(await code('bob', 'room.add', { room, users: ['dan'], role: 'moderator' }), 103);
  await as('bob', 'room.add', { room, users: ['dan'], role: 'guest' });
  assert.equal((await members(room))['dan'], 'guest');
});

test('a room is full at the limit of its kind, for every way in', async () => {
  const { as, code, create } = roomChat();
  const room = await create('ann', ['bob'], 'circle');
  assert.equal(await code('ann', 'room.add', { room, users: ['eve', 'dan'] }), 106);
  await as('ann', 'room.invite', { room, users: ['dan'] });
  const { token } = await as('ann', 'link.create', { room });
  await as('eve', 'room.join', { room });
  assert.equal(await code('dan', 'room.accept', { room }), 106);
  assert.equal(await code('fay', 'room.join', { room }), 106);
  assert.equal(await code('fay', 'room.join', { room, link: token }), 106);
  await as('eve', 'room.leave', { room });
  await as('dan', 'room.accept', { room });
});

test('a member is kicked by a higher rank alone, and may come back; a banned one may not until the ban ends', async () => {
  const { as, clock, code, create, members } = roomChat();
  const room = await create('ann', ['bob', 'eve'], 'circle');
  assert.equal(await code('bob', 'room.kick', { room, user: 'eve' }), 103);
  assert.equal(await code('ann', 'room.kick', { room, user: 'dan' }), 404);
  assert.equal(await code('ann', 'room.kick', { room, user: 'ann' }), 107);
  await as('ann', 'room.kick', { room, user: 'eve' });
  await as('eve', 'room.join', { room });
  const until = clock.wallClock() + HOUR;
  assert.equal(await code('ann', 'room.ban', { room, user: 'eve', until: 1 }), 107);
  await as('ann', 'room.ban', { room, user: 'eve', until, reason: 'noise' });
  assert.equal(await code('eve', 'room.join', { room }), 103);
  clock.pass(HOUR);
  await as('eve', 'room.join', { room });
  await as('ann', 'room.ban', { room, user: 'eve' });
  await as('ann', 'room.unban', { room, user: 'eve' });
  assert.equal(await code('ann', 'room.unban', { room, user: 'eve' }), 404);
  assert.deepEqual(await members(room), { ann: 'owner', bob: 'member' });
});

test('a mute ends by its time or at once, and binds members alone', async () => {
  const { as, clock, code, create } = roomChat();
  const room = await create('ann', ['bob']);
  const me = async (user = 'bob') => (await as(user, 'room.get', { room })).me;
  const can = async () => (await me()).can.includes('write');
  assert.equal(await code('ann', 'room.mute', { room, user: 'eve', until: clock.wallClock() + HOUR }), 404);
  assert.equal(await code('ann', 'room.mute', { room, user: 'bob', until: 1 }), 107);
  await as('ann', 'room.mute', { room, user: 'bob', until: clock.wallClock() + HOUR });
  assert.equal(await can(), false);
  assert.deepEqual([(await me()).mutedUntil, (await me('ann')).mutedUntil], [clock.wallClock() + HOUR, undefined]);
  await as('ann', 'room.mute', { room, user: 'bob', until: 0 });
  assert.equal(await can(), true);
  await as('ann', 'room.mute', { room, user: 'bob', until: clock.wallClock() + HOUR });
  clock.pass(HOUR);
  assert.equal(await can(), true);
  assert.equal((await me()).mutedUntil, undefined);
});

test('ranks are given below the own one, and a room keeps an owner', async () => {
  const { as, code, create, members } = roomChat();
  const room = await create('ann', ['bob', 'eve']);
  await as('ann', 'room.role', { room, user: 'bob', role: 'admin' });
  assert.equal(await code('bob', 'room.role', { room, user: 'eve', role: 'admin' }), 103);
  await as('bob', 'room.role', { room, user: 'eve', role: 'moderator' });
  assert.equal(await code('eve', 'room.role', { room, user: 'bob', role: 'guest' }), 103);
  assert.equal(await code('ann', 'room.role', { room, user: 'ann', role: 'admin' }), 409);
  assert.equal(await code('ann', 'room.role', { room, user: 'dan', role: 'admin' }), 404);
  assert.equal(await code('bob', 'room.transfer', { room, user: 'eve' }), 103);
  await as('ann', 'room.transfer', { room, user: 'eve' });
  assert.deepEqual(await members(room), { ann: 'admin', bob: 'admin', eve: 'owner' });
});

test('an invitation is accepted or declined by the invited user alone', async () => {
  const { as, code, create, idOf, members } = roomChat();
  const room = await create('ann', ['bob']);
  const invite = { id: idOf(), room, users: ['eve', 'dan', 'bob'] };
  const users = { eve: 'invited', dan: 'invited', bob: 'member' };
  assert.deepEqual(await as('ann', 'room.invite', invite), { users, cv: 2, duplicate: false });
  assert.deepEqual(await as('ann', 'room.invite', invite), { users, cv: 2, duplicate: true });
  assert.equal(await code('fay', 'room.accept', { room }), 103);
  assert.deepEqual((await as('eve', 'room.get', { room })).me, {
    state: 'invited',
    can: ['join', 'accept', 'decline'],
  });
  await as('eve', 'room.accept', { room });
  await as('dan', 'room.decline', { room });
  assert.equal(await code('dan', 'room.accept', { room }), 103);
  assert.deepEqual(await members(room), { ann: 'owner', bob: 'member', eve: 'member' });
});

test('a request is approved or denied by staff, once', async () => {
  const { as, code, create, members } = roomChat();
  const room = await create('ann', ['bob'], 'club');
  assert.equal(await code('eve', 'room.join', { room }), 103);
  assert.equal((await as('eve', 'room.request', { room, note: 'please' })).cv, 2);
  assert.equal((await as('eve', 'room.request', { room })).cv, 2);
  await as('dan', 'room.request', { room });
  assert.equal(await code('bob', 'room.approve', { room, user: 'eve' }), 103);
  await as('ann', 'room.approve', { room, user: 'eve' });
  await as('ann', 'room.deny', { room, user: 'dan' });
  assert.equal(await code('ann', 'room.deny', { room, user: 'dan' }), 404);
  assert.equal(await code('ann', 'room.approve', { room, user: 'fay' }), 404);
  assert.deepEqual(await members(room), { ann: 'owner', bob: 'member', eve: 'member' });
});

test('who has asked or is invited becomes a member when staff invites or adds them', async () => {
  const { as, code, create, idOf, members } = roomChat();
  const room = await create('ann', ['bob'], 'club');
  for (const user of ['eve', 'dan']) await as(user, 'room.request', { room, note: 'please' });
  await as('ann', 'room.invite', { room, users: ['fay'] });
  const invite = { id: idOf(), room, users: ['eve', 'gil', 'fay', 'bob'] };
  const users = { eve: 'member', gil: 'invited', fay: 'invited', bob: 'member' };
  assert.deepEqual(await as('ann', 'room.invite', invite), { users, cv: 5, duplicate: false });
  assert.deepEqual(await as('ann', 'room.invite', invite), { users, cv: 5, duplicate: true });
  assert.equal(await code('ann', 'room.approve', { room, user: 'eve' }), 404);
  await as('ann', 'room.add', { room, users: ['dan', 'fay'] });
  const all = { ann: 'owner', bob: 'member', eve: 'member', dan: 'member', fay: 'member', gil: 'invited' };
  assert.deepEqual(await members(room), all);
  assert.deepEqual((await as('eve', 'room.get', { room })).me.state, 'member');
  for (const state of ['requested', 'invited'])
    assert.equal((await as('ann', 'room.members', { room, state })).users.length, state === 'invited' ? 1 : 0);
});

test('a request is not approved by an invitation into a room that is full', async () => {
  const { as, chat, code, create } = roomChat();
  const room = await create('ann', [], 'club');
  const club = chat.kindOf(room) ?? assert.fail();
  await as('eve', 'room.request', { room });
  Object.assign(chat, { kindOf: () => ({ ...club, maxMembers: 1 }) });
  assert.equal(await code('ann', 'room.invite', { room, users: ['eve'] }), 106);
  assert.deepEqual((await as('ann', 'room.invite', { room, users: ['dan'] })).users, { dan: 'invited' });
});

test('a link lets as many join as it says, until it ends or is revoked; its token is nowhere but in its answer', async () => {
  const { as, clock, code, create, entriesOf, idOf, members } = roomChat();
  const room = await create('ann', ['bob']);
  const make = { id: idOf(), room, uses: 1, expires: clock.wallClock() + HOUR };
  const link = await as('ann', 'link.create', make);
  assert.deepEqual(await as('ann', 'link.create', make), { ...link, duplicate: true });
  assert.equal(JSON.stringify(await entriesOf(room)).includes(link.token), false);
  assert.equal(await code('bob', 'link.list', { room }), 103);
  const listed = (await as('ann', 'link.list', { room })).items;
  assert.deepEqual(
    listed.map(({ hash, by, uses, used }) => ({ hash, by, uses, used })),
    [{ hash: link.hash, by: 'ann', uses: 1, used: 0 }],
  );
  await as('eve', 'room.join', { room, link: link.token });
  assert.equal(await code('dan', 'room.join', { room, link: link.token }), 410);
  const second = await as('ann', 'link.create', { room, expires: clock.wallClock() + HOUR });
  const third = await as('ann', 'link.create', { room });
  await as('ann', 'link.revoke', { room, hash: third.hash });
  assert.equal(await code('ann', 'link.revoke', { room, hash: third.hash }), 404);
  assert.equal(await code('dan', 'room.join', { room, link: third.token }), 410);
  clock.pass(HOUR);
  assert.equal(await code('dan', 'room.join', { room, link: second.token }), 410);
  assert.equal(await code('ann', 'link.create', { room, expires: clock.wallClock() + 31 * 24 * HOUR }), 107);
  assert.deepEqual(await members(room), { ann: 'owner', bob: 'member', eve: 'member' });
});

test('an act of a member on a deleted room is refused, also one that would change nothing', async () => {
  const { as, code, create } = roomChat();
  const tea = await create('ann', ['bob']);
  const lobby = await create('ann', ['bob'], 'channel');
  const { token: link } = await as('ann', 'link.create', { room: tea });
  const acts = ['room.join', 'room.accept', 'room.decline', 'room.leave', 'room.request', 'room.get'] as const;
  for (const room of [tea, lobby]) {
    await as('ann', 'room.delete', { room });
    for (const act of acts) assert.equal(await code('bob', act, { room }), 410, `${act} ${room}`);
  }
  assert.equal(await code('bob', 'room.join', { room: tea, link }), 410);
  const staff = ['room.freeze', 'room.delete', 'room.update', 'link.list'] as const;
  for (const act of staff) assert.equal(await code('ann', act, { room: tea, on: true, name: 'Tea', cv: 3 }), 410, act);
  const users = [
    'room.kick',
    'room.ban',
    'room.unban',
    'room.role',
    'room.transfer',
    'room.mute',
    'room.approve',
    'room.deny',
  ] as const;
  const more = { user: 'bob', role: 'member', until: 0 };
  for (const act of users)
    assert.equal(
      await code('ann', act, { room: tea, ...more, ...(act === 'room.ban' ? { until: undefined } : {}) }),
      410,
      act,
    );
  for (const act of ['room.add', 'room.invite'] as const)
    assert.equal(await code('ann', act, { room: tea, users: ['bob'] }), 410, act);
});

test('a banned user does not come back by a link, and a room has 20 links', async () => {
  const { as, code, create } = roomChat();
  const room = await create('ann', ['bob']);
  const { token } = await as('ann', 'link.create', { room });
  await as('ann', 'room.ban', { room, user: 'bob' });
  assert.equal(await code('bob', 'room.join', { room, link: token }), 410);
  for (let made = 1; made < 20; made++) await as('ann', 'link.create', { room });
  assert.equal(await code('ann', 'link.create', { room }), 106);
});

test('who joins or leaves a channel writes to the own inbox alone; its staff acts in its log', async () => {
  const { as, code, entriesOf, create, members } = roomChat();
  const never = 'channel:lobby';
  assert.deepEqual(await as('bob', 'room.join', { room: never }), { cv: 0, duplicate: false });
  assert.deepEqual(await entriesOf(never), []);
  assert.equal(await code('eve', 'room.leave', { room: never }), 103);
  assert.equal((await as('bob', 'room.get', { room: never })).me.state, 'member');
  assert.equal((await as('bob', 'room.leave', { room: never })).duplicate, false);
  assert.equal((await as('bob', 'room.get', { room: never })).me.state, 'none');
  const room = await create('ann', [], 'channel');
  await as('bob', 'room.join', { room });
  assert.deepEqual(
    (await as('bob', 'room.list', {})).items.map(item => [item.room, item.state]),
    [[room, 'member']],
  );
  const inbox = (await entriesOf('user:bob')).map(({ type, data: { room, on, seen } }) => [type, room, on, seen]);
  assert.deepEqual(inbox, [
    ['member', never, true, 0],
    ['member', never, false, 0],
    ['member', room, true, 1],
  ]);
  const { id: _, time: __, since: ___, ...last } = (await entriesOf('user:bob')).at(-1)?.data ?? {};
  const notice = { room, kind: 'channel', name: 'Tea', act: 'join', by: 'bob', cv: 1, state: 'member', rank: 'member' };
  assert.deepEqual(last, { type: 'member', ...notice, on: true, seen: 1 });
  await as('ann', 'room.ban', { room, user: 'bob' });
  assert.equal(await code('bob', 'room.join', { room }), 103);
  await as('ann', 'room.role', { room, user: 'ann', role: 'owner' });
  assert.deepEqual(await members(room), { ann: 'owner', bob: 'banned' });
  await as('ann', 'room.leave', { room });
  assert.equal((await as('eve', 'room.get', { room })).me.state, 'none');
});

test('a join of a channel that is sent again writes the document as the stored entry says, if the first did not', async () => {
  const { as, create, chat, idOf } = roomChat();
  const { acted } = chat.userRooms;
  const rooms = async () => (await as('bob', 'room.list', {})).items.map(item => item.room);
  /** A join of which the gateway ends when it is stored. */
  const unanswered = async (room: string) => {
    const join = { room, id: idOf() };
    chat.userRooms.acted = async () => undefined;
    await as('bob', 'room.join', join);
    chat.userRooms.acted = acted;
    assert.deepEqual(await rooms(), []);
    return join;
  };
  const banned = await create('ann', [], 'channel');
  const before = await unanswered(banned);
  await as('ann', 'room.ban', { room: banned, user: 'bob' });
  await as('ann', 'room.unban', { room: banned, user: 'bob' });
  assert.deepEqual(await as('bob', 'room.join', before), { cv: 1, duplicate: true });
  assert.deepEqual(await rooms(), [], 'the stored join had not seen the ban');
  const room = await create('ann', [], 'channel');
  const join = await unanswered(room);
  assert.deepEqual(await as('bob', 'room.join', join), { cv: 1, duplicate: true });
  assert.deepEqual(await rooms(), [room]);
});

test('a user has at most 2,000 rooms; a repeat of what was done before is answered all the same', async () => {
  const { as, chat, code, create, idOf, members, refused } = roomChat();
  const own = { id: idOf(), kind: 'group', members: ['bob'] };
  const { room } = await as('ann', 'room.create', own);
  const circle = await create('zoe', [], 'circle');
  const club = await create('zoe', [], 'club');
  const { of } = chat.userRooms;
  const known = await of.call(chat.userRooms, 'bob');
  const many = new Map(Array.from({ length: 2_000 }, (_, i) => [`group:${i}`, [...known.values()][0]] as const));
  chat.userRooms.of = async user => (user === 'bob' ? await of.call(chat.userRooms, user) : (many as typeof known));
  assert.equal((await as('ann', 'room.create', own)).duplicate, true);
  assert.equal(await code('ann', 'room.create', { kind: 'group' }), 106);
  assert.deepEqual(await refused('eve', 'room.create', { kind: 'group', members: ['bob'] }), {
    code: 106,
    message: 'a user has at most 2000 rooms, invitations and requests: eve has no place for another',
  });
  const made = await as('bob', 'room.create', { kind: 'group', members: ['eve', 'bob'] });
  assert.deepEqual(made.users, { eve: 'refused', bob: 'added' });
  assert.deepEqual(await members(made.room), { bob: 'owner' });
  assert.equal(await code('ann', 'room.join', { room: circle }), 106);
  assert.equal(await code('ann', 'room.join', { room: 'channel:lobby' }), 106);
  assert.equal(await code('ann', 'room.request', { room: club }), 106);
  const { users } = await as('ann', 'room.add', { room, users: ['eve', 'bob'] });
  assert.deepEqual(users, { eve: 'refused', bob: 'added' });
  assert.deepEqual((await as('ann', 'room.invite', { room, users: ['eve'] })).users, { eve: 'refused' });
});
