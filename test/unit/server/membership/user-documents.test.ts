import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UserRoom } from '../../../../server/membership/room-states.ts';
import { partKey, readDocument, userRoomOf, writeUserRoom } from '../../../../server/membership/user-documents.ts';
import { created, stateAfter } from '../../../support/chat/control-log.ts';
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

test('a user may have 2,000 rooms, in parts of 500; rooms that were left make place', async () => {
  const policy = new MemoryPolicyStore();
  const add = (index: number, room = joined(1)) => writeUserRoom(policy, 'bob', `group:${index}`, room);
  for (let index = 0; index < 2_000; index++) await add(index);
  assert.equal((await roomsOf(policy, 'bob'))?.size, 2_000);
  const { value } = (await policy.read(partKey('bob', 3))) ?? assert.fail();
  assert.equal(Object.keys((value as { rooms: object }).rooms).length, 500);
  await assert.rejects(add(2_000), { message: 'a user has more than 2000 rooms' });
  for (let index = 0; index < 100; index++) await add(index, left(2));
  assert.equal((await roomsOf(policy, 'bob'))?.size, 1_900);
  await add(2_000);
  assert.equal((await roomsOf(policy, 'bob'))?.get('group:2000')?.state, 'member');
});

test('the document of a user says what the state of the room says', () => {
  const state = stateAfter([
    ['ann', created({ ann: 'owner', bob: 'member', eve: 'member' })],
    ['ann', { act: 'kick', user: 'bob' }],
    ['ann', { act: 'ban', user: 'eve', until: 0 }],
    ['ann', { act: 'invite', users: ['zoe'] }],
  ]);
  const of = (user: string) => userRoomOf(state, user);
  assert.deepEqual([of('ann').state, of('ann').rank, of('ann').since], ['member', 'owner', 1]);
  assert.deepEqual([of('bob').state, of('eve').state, of('zoe').state], ['left', 'left', 'invited']);
  assert.deepEqual([of('bob').cv, of('ann').cv], [4, 4]);
  assert.equal(userRoomOf({ ...state, deleted: true }, 'ann').state, 'left');
});
