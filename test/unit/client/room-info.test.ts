import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../../client/call-error.ts';
import { type Me, RoomInfo } from '../../../client/room-info.ts';
import type { ResultOf } from '../../../client/verbs.ts';
import type { Control } from '../../../server/fold/control.ts';
import { ManualClock } from '../../support/clocks/manual-clock.ts';
import { settle } from '../../support/clocks/settle.ts';

const ROOM = 'group:tea';

/** A room of ann, bob and eve as bob sees it, with the answers that the server gives. */
function bobsRoom() {
  const clock = new ManualClock();
  const me: Me = { state: 'member', role: 'member', can: ['read', 'write', 'leave'] };
  const server = {
    about: { ...TEA, me } as ResultOf<'room.get'>,
    users: ['ann', 'bob', 'eve'],
    others: {} as Readonly<Record<string, ResultOf<'room.members'>['users']>>,
    gets: 0,
    /** Called while the room is being read. */
    meanwhile: () => undefined as unknown,
  };
  const info = new RoomInfo({
    name: ROOM,
    user: 'bob',
    clock,
    async get() {
      server.gets += 1;
      await settle();
      return server.about;
    },
    async members({ state }) {
      if (state !== undefined) return { users: server.others[state] ?? [] };
      server.meanwhile();
      return { users: server.users.map((user, i) => ({ user, role: i === 0 ? 'owner' : 'member', since: 5 })) };
    },
    onChange: () => undefined,
  });
  const entry = (cv: number, by: string, control: Control) =>
    info.entry({ offset: 100 + cv, id: `id-${cv}`, cv, by, time: clock.wallClock(), control });
  const members = () => info.members.map(({ user, rank }) => `${rank} ${user}`);
  return { info, server, entry, members, clock };
}

const TEA = {
  room: ROOM,
  kind: 'group',
  access: 'Members',
  write: 'Members',
  name: 'Tea',
  topic: '',
  avatar: '',
  created: 1,
  frozen: false,
  members: 3,
  cv: 4,
} as const;

test('a room that nobody looks at costs no call', async () => {
  const { info, server, entry } = bobsRoom();
  entry(5, 'ann', { act: 'freeze', on: true });
  info.reload();
  await settle();
  assert.deepEqual([server.gets, info.state, info.members], [0, null, []]);
});

test('members and texts follow the entries of the room, without a call for acts on others', async () => {
  const { info, server, entry, members } = bobsRoom();
  info.open();
  await settle();
  await settle();
  assert.deepEqual(members(), ['owner ann', 'member bob', 'member eve']);
  entry(5, 'ann', { act: 'add', users: [{ user: 'dan', rank: 'member' }] });
  entry(6, 'ann', { act: 'role', user: 'eve', rank: 'moderator' });
  entry(7, 'eve', { act: 'kick', user: 'dan' });
  entry(8, 'ann', { act: 'update', name: 'Green tea' });
  assert.deepEqual(members(), ['owner ann', 'moderator eve', 'member bob']);
  assert.deepEqual([info.state?.name, info.state?.cv, server.gets], ['Green tea', 8, 1]);
});

test('what the user may do is asked again after an act on the user or on the whole room', async () => {
  const { info, server, entry } = bobsRoom();
  info.open();
  await settle();
  await settle();
  assert.equal(info.may('kick'), false);
  server.about = { ...TEA, cv: 5, me: { state: 'member', role: 'moderator', can: ['read', 'write', 'kick'] } };
  entry(5, 'ann', { act: 'role', user: 'bob', rank: 'moderator' });
  await settle();
  await settle();
  assert.equal(info.may('kick'), true);
  const on = (user: string) => info.members.filter(one => one.user === user).map(one => info.mayOn('kick', one))[0];
  assert.deepEqual([on('ann'), on('bob'), on('eve')], [false, false, true]);
  entry(6, 'ann', { act: 'freeze', on: true });
  assert.deepEqual([server.gets, info.state?.frozen], [3, true]);
});

test('entries that come while the room is being read count, once', async () => {
  const { info, server, entry, members } = bobsRoom();
  server.meanwhile = () => {
    entry(4, 'ann', { act: 'kick', user: 'bob' });
    entry(5, 'ann', { act: 'add', users: [{ user: 'dan', rank: 'member' }] });
    entry(6, 'ann', { act: 'kick', user: 'eve' });
  };
  // The list is one entry ahead of the rest.
  server.users = ['ann', 'bob', 'dan', 'eve'];
  info.open();
  await settle();
  await settle();
  assert.deepEqual(members(), ['owner ann', 'member bob', 'member dan']);
});

test('after an entry that is missing everything is read again', async () => {
  const { info, server, entry, members } = bobsRoom();
  info.open();
  await settle();
  await settle();
  server.about = { ...server.about, cv: 9 };
  server.users = ['ann', 'bob'];
  entry(9, 'ann', { act: 'freeze', on: false });
  await settle();
  await settle();
  assert.deepEqual([members(), info.state?.cv], [['owner ann', 'member bob'], 9]);
});

test('staff have requests with their words and bans with reason and end, also once the user becomes staff', async () => {
  const { info, server, entry, clock } = bobsRoom();
  const since = 0;
  const until = clock.wallClock() + 60_000;
  server.others = {
    requested: [{ user: 'dan', role: 'member', since, note: 'please' }],
    banned: [
      { user: 'max', role: 'member', since, until, reason: 'noise' },
      { user: 'zoe', role: 'member', since },
    ],
  };
  info.open();
  await settle();
  await settle();
  assert.deepEqual([info.requests, info.bans], [[], []]);
  server.about = { ...TEA, cv: 5, me: { state: 'member', role: 'moderator', can: ['read', 'approve', 'unban'] } };
  entry(5, 'ann', { act: 'role', user: 'bob', rank: 'moderator' });
  for (let round = 0; round < 6; round++) await settle();
  const zoe = { user: 'zoe', until: 0, reason: '' };
  assert.deepEqual(info.requests, [{ user: 'dan', note: 'please' }]);
  assert.deepEqual(info.bans, [{ user: 'max', until, reason: 'noise' }, zoe]);
  entry(6, 'fay', { act: 'request', note: 'me too' });
  entry(7, 'ann', { act: 'approve', user: 'dan' });
  entry(8, 'ann', { act: 'ban', user: 'eve', until: 0, reason: 'spam' });
  entry(9, 'ann', { act: 'unban', user: 'zoe' });
  assert.deepEqual(info.requests, [{ user: 'fay', note: 'me too' }]);
  clock.pass(60_000);
  assert.deepEqual(info.bans, [{ user: 'eve', until: 0, reason: 'spam' }]);
});

test('a read that fails for a while is tried again without another event; a refusal is not', async () => {
  const { info, server, members, clock } = bobsRoom();
  server.meanwhile = () => {
    throw new CallError(100, 'internal error', true);
  };
  info.open();
  await settle();
  await settle();
  assert.deepEqual([info.error?.code, members()], [100, []]);
  server.meanwhile = () => undefined;
  clock.pass(20_000);
  await settle();
  await settle();
  assert.deepEqual([info.error, members().length], [null, 3]);
  server.meanwhile = () => {
    throw new CallError(103, 'permission denied', false);
  };
  info.reload();
  await settle();
  await settle();
  const { gets } = server;
  clock.pass(60_000);
  await settle();
  assert.deepEqual([info.error?.code, server.gets], [103, gets]);
});

test('a mute is known with its end, and its end is noticed', async () => {
  const { info, server, entry, clock } = bobsRoom();
  info.open();
  await settle();
  await settle();
  const until = clock.wallClock() + 60_000;
  server.about = { ...TEA, cv: 5, me: { state: 'member', role: 'member', can: ['read'], mutedUntil: until } };
  entry(5, 'ann', { act: 'mute', user: 'bob', until });
  await settle();
  await settle();
  assert.deepEqual([info.mutedUntil, info.may('write')], [until, false]);
  server.about = { ...TEA, cv: 5, me: { state: 'member', role: 'member', can: ['read', 'write'] } };
  clock.pass(62_000);
  await settle();
  await settle();
  assert.deepEqual([info.mutedUntil, info.may('write')], [0, true]);
});

test('the other one of two who have the room is known once the room was read', async () => {
  const { info, server } = bobsRoom();
  assert.equal(info.other, undefined);
  server.about = { ...server.about, room: 'dm:x', kind: 'dm', user: 'ann', members: 2 };
  server.users = ['ann', 'bob'];
  info.open();
  await settle();
  await settle();
  assert.equal(info.other, 'ann');
});
