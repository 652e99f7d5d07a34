import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Control } from '../../../../server/fold/control.ts';
import type { RoomState } from '../../../../server/fold/room-state.ts';
import type { UserRoom } from '../../../../server/membership/room-states.ts';
import {
  partKey,
  readDocument,
  userRoomAfter,
  userRoomOf,
  writeUserRoom,
  writeUserRooms,
} from '../../../../server/membership/user-documents.ts';
import { created, entry, stateAfter } from '../../../support/chat/control-log.ts';
import { MemoryPolicyStore } from '../../../support/chat/memory-policy.ts';

const joined = (cv: number): UserRoom => ({ state: 'member', rank: 'member', since: cv, cv, kind: 'group' });
const left = (cv: number): UserRoom => ({ ...joined(cv), state: 'left', since: 0 });
const roomsOf = async (policy: MemoryPolicyStore, user: string) =>
  await readDocument(async part => (await policy.read(partKey(user, part)))?.value);

test('a later version of a room counts, in whatever order the writes come', async () => {
  const policy = new MemoryPolicyStore();
  await writeUserRoom(policy, 'bob', 'group:a', joined(1));
  await writeUserRoom(policy, 'bob', 'group:a', left(9));
  await writeUserRoom(policy, 'bob', 'group:a', joined(5));
  assert.deepEqual(await roomsOf(policy, 'bob'), new Map());
  await writeUserRoom(policy, 'bob', 'group:a', joined(10));
  assert.deepEqual(await roomsOf(policy, 'bob'), new Map([['group:a', joined(10)]]));
});

test('writes of several rooms at the same time are all kept', async () => {
  const policy = new MemoryPolicyStore();
  const rooms = Array.from({ length: 5 }, (_, index) => `group:${index}`);
  await Promise.all(rooms.map(room => writeUserRoom(policy, 'bob', room, joined(1))));
  assert.deepEqual([...((await roomsOf(policy, 'bob')) ?? [])].map(([room]) => room).sort(), rooms);
});

const size = async (policy: MemoryPolicyStore, part: number) =>
  Object.keys(((await policy.read(partKey('bob', part)))?.value as { rooms: object } | undefined)?.rooms ?? {}).length;

test('a user has any number of rooms, in parts of 500; rooms that were left make place', async () => {
  const policy = new MemoryPolicyStore();
  const add = (index: number, room = joined(1)) => writeUserRoom(policy, 'bob', `group:${index}`, room);
  const many = Array.from({ length: 1_999 }, (_, index) => [`group:${index}`, joined(1)] as const);
  await writeUserRooms(policy, 'bob', new Map(many));
  await add(1_999);
  assert.equal((await roomsOf(policy, 'bob'))?.size, 2_000);
  assert.deepEqual([await size(policy, 3), await size(policy, 4)], [500, 0]);
  for (let index = 0; index < 100; index++) await add(index, left(2));
  assert.equal((await roomsOf(policy, 'bob'))?.size, 1_900);
  for (let index = 2_000; index < 2_100; index++) await add(index);
  assert.deepEqual([await size(policy, 0), await size(policy, 4)], [564, 0]);
  assert.equal((await roomsOf(policy, 'bob'))?.size, 2_000);
  // Verbs refuse more. What counts all the same is written: a worker would stop at it for ever.
  await add(2_100);
  assert.equal((await roomsOf(policy, 'bob'))?.get('group:2100')?.state, 'member');
  assert.equal(await size(policy, 4), 1);
});

test('of a room in two parts the later version counts', async () => {
  const policy = new MemoryPolicyStore();
  await policy.write(partKey('bob', 0), { rooms: { 'group:a': joined(5) }, parts: 1 }, 0);
  await policy.write(partKey('bob', 1), { rooms: { 'group:a': left(4) } }, 0);
  assert.deepEqual(await roomsOf(policy, 'bob'), new Map([['group:a', joined(5)]]));
});

test('all rooms of a user are written at once, over whatever parts are there, and no later version is lost', async () => {
  const rooms = new Map(Array.from({ length: 1_200 }, (_, index) => [`group:${index}`, joined(2)] as const));
  const expected = new Map([...rooms, ['group:7', joined(9)] as const, ['group:other', joined(1)] as const]);
  expected.delete('group:8');
  // A worker that was killed had written some parts.
  const killed = new MemoryPolicyStore();
  await writeUserRooms(killed, 'bob', rooms);
  for (const done of [[0], [1], [0, 2], [0, 1, 2]]) {
    const policy = new MemoryPolicyStore();
    for (const part of done)
      await policy.write(partKey('bob', part), (await killed.read(partKey('bob', part)))?.value, 0);
    await writeUserRoom(policy, 'bob', 'group:7', joined(9));
    await writeUserRoom(policy, 'bob', 'group:8', left(9));
    await writeUserRoom(policy, 'bob', 'group:other', joined(1));
    await writeUserRooms(policy, 'bob', rooms);
    assert.deepEqual(new Map([...((await roomsOf(policy, 'bob')) ?? [])].sort()), new Map([...expected].sort()));
  }
  const policy = new MemoryPolicyStore();
  await writeUserRooms(policy, 'bob', rooms);
  const asked = policy.asked.length;
  assert.deepEqual([asked, (await roomsOf(policy, 'bob'))?.size], [0, 1_200], 'a new document is not read');
  await writeUserRoom(policy, 'eve', 'group:1', joined(9));
  const some = new Map([...rooms].slice(0, 5));
  await Promise.all([writeUserRooms(policy, 'eve', some), writeUserRoom(policy, 'eve', 'group:x', joined(1))]);
  assert.deepEqual((await roomsOf(policy, 'eve'))?.get('group:1'), joined(9));
  assert.equal((await roomsOf(policy, 'eve'))?.size, 6);
});

test('the document of a user says what the state of the room says', () => {
  const state = stateAfter([
    ['ann', created({ ann: 'owner', bob: 'member', eve: 'member' })],
    ['ann', { act: 'kick', user: 'bob' }],
    ['ann', { act: 'ban', user: 'eve', until: 0 }],
    ['ann', { act: 'invite', users: ['zoe'] }],
  ]);
  const of = (user: string) => userRoomOf(state, user);
  assert.deepEqual([of('ann')?.state, of('ann')?.rank, of('ann')?.since], ['member', 'owner', 1]);
  assert.deepEqual([of('bob')?.state, of('eve')?.state, of('zoe')?.state], ['left', 'left', 'invited']);
  assert.deepEqual([of('bob')?.cv, of('ann')?.cv], [4, 1]);
  assert.equal(userRoomOf({ ...state, deleted: true }, 'ann')?.state, 'left');
});

const group = stateAfter([['ann', created({ ann: 'owner' })]]);
const large: RoomState = { ...group, full: false, count: 2_000 };
const open = stateAfter([['ann', created({ ann: 'owner' }, true)]]);

test('a state that lacks members says nothing about a user whom it does not list, or lists for a mute alone', () => {
  for (const state of [large, open]) {
    assert.equal(userRoomOf(state, 'bob'), null);
    const muted = stateAfter([['ann', { act: 'mute', user: 'bob', until: 1e12 }]], state);
    assert.equal(userRoomOf(muted, 'bob'), null);
    const kicked = stateAfter([['ann', { act: 'kick', user: 'bob' }]], muted);
    assert.deepEqual([userRoomOf(kicked, 'bob')?.state, userRoomOf(kicked, 'bob')?.cv], ['left', 3]);
  }
});

test('an entry tells what it makes of a user, at its version', () => {
  const after = (control: Control, user = 'bob') => {
    const found = userRoomAfter(entry(90, 7, control, 'bob'), user, 'group');
    return found && [found.state, found.rank, found.since, found.cv];
  };
  const joined = ['member', 'member', 90, 7];
  for (const control of [{ act: 'join' }, { act: 'accept' }, { act: 'approve', user: 'bob' }] as const)
    assert.deepEqual(after(control), joined);
  assert.deepEqual(after({ act: 'add', users: [{ user: 'bob', rank: 'guest' }] }), ['member', 'guest', 90, 7]);
  assert.deepEqual(after({ act: 'role', user: 'bob', rank: 'admin' }), ['member', 'admin', 0, 7]);
  assert.deepEqual(after({ act: 'leave', heir: 'eve' }, 'eve'), ['member', 'owner', 0, 7]);
  for (const act of ['leave', 'decline', 'delete'] as const) assert.deepEqual(after({ act })?.[0], 'left');
  assert.equal(after({ act: 'ban', user: 'bob', until: 0 })?.[0], 'left');
  assert.equal(after({ act: 'mute', user: 'bob', until: 1e12 }), null);
  assert.equal(after({ act: 'join' }, 'eve'), null);
});

test('the offset of the join stays when a member whom the state does not list gets a rank', async () => {
  const policy = new MemoryPolicyStore();
  const join: UserRoom = { ...joined(1), since: 500 };
  const steps: readonly Control[] = [
    { act: 'mute', user: 'bob', until: 1e12 },
    { act: 'role', user: 'bob', rank: 'moderator' },
    { act: 'role', user: 'bob', rank: 'guest' },
  ];
  await writeUserRoom(policy, 'bob', 'group:a', join);
  let state = large;
  for (const control of steps) {
    state = stateAfter([['ann', control]], state);
    const next = userRoomOf(state, 'bob');
    if (next) await writeUserRoom(policy, 'bob', 'group:a', next);
  }
  const expected = { ...join, rank: 'guest', cv: 4 };
  assert.deepEqual(await roomsOf(policy, 'bob'), new Map([['group:a', expected]]));
});

test('of many rooms that a user has left the last 64 are written', async () => {
  const gone = Array.from({ length: 100 }, (_, index) => [`group:left ${index}`, left(6)] as const);
  const there = Array.from({ length: 10 }, (_, index) => [`group:${index}`, joined(2)] as const);
  for (const before of [[], [['group:old', left(3)] as const]]) {
    const policy = new MemoryPolicyStore();
    await writeUserRooms(policy, 'bob', new Map(before));
    await writeUserRooms(policy, 'bob', new Map([...gone, ...there]));
    assert.deepEqual([...((await roomsOf(policy, 'bob')) ?? [])], there);
    const found = await policy.read({ user: 'bob' });
    const { rooms } = (found?.value ?? assert.fail()) as { readonly rooms: object };
    const kept = Object.keys(rooms).filter(room => !there.some(([each]) => each === room));
    assert.deepEqual(
      kept,
      gone.slice(-64).map(([room]) => room),
    );
    await writeUserRoom(policy, 'bob', 'group:left 99', joined(5));
    assert.equal((await roomsOf(policy, 'bob'))?.size, 10, 'a join that had not seen the kick');
  }
});
