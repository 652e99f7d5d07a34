import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_ROOM, type RoomState } from '../../../../../server/fold/room-state.ts';
import { roomStateJson } from '../../../../../server/fold/room-state-json.ts';
import { StatelessRooms } from '../../../../../server/worker/state/stateless-rooms.ts';
import { fillPolicy } from '../../../../support/chat/filled-policy.ts';
import { MemoryPolicyStore } from '../../../../support/chat/memory-policy.ts';

const TEA: RoomState = { ...NO_ROOM, kind: 'channel', cv: 1, at: 7 };

/** POLICY with one room, `channel:tea`. */
async function bench() {
  const policy = new MemoryPolicyStore();
  await policy.write({ room: 'channel:tea' }, roomStateJson(TEA), 0);
  const archive: string[] = [];
  const room = async (name: string) => {
    archive.push(name);
    return name === 'channel:old' ? TEA : null;
  };
  const rooms = new StatelessRooms<string>({ policy, archive: { room } });
  const known: string[] = [];
  const find = async (begin: string, ...names: readonly string[]) => [
    ...(await rooms.find(begin, names, (room, { at }) => known.push(`${room} ${at}`))),
  ];
  return { policy, archive, rooms, known, find };
}

test('a room that has a state is handed over, the others are remembered', async () => {
  const { policy, known, find } = await bench();
  await fillPolicy(policy);
  assert.deepEqual(await find('first', 'channel:a', 'channel:tea', 'channel:b'), ['channel:a', 'channel:b']);
  assert.deepEqual(known, ['channel:tea 7']);
  policy.up = false;
  assert.deepEqual(await find('first', 'channel:a', 'channel:b'), ['channel:a', 'channel:b']);
  await assert.rejects(find('first', 'channel:c'), { name: 'ReadFailed' });
});

test('a room is asked about again after its first control entry, and where a partition began again', async () => {
  const { policy, rooms, find } = await bench();
  await fillPolicy(policy);
  await find('first', 'channel:a', 'channel:b');
  policy.up = false;
  rooms.delete('channel:a');
  await assert.rejects(find('first', 'channel:a'), { name: 'ReadFailed' });
  await assert.rejects(find('second', 'channel:b'), { name: 'ReadFailed' });
  assert.deepEqual(await find('first', 'channel:b'), ['channel:b']);
});

test('while POLICY is not complete MongoDB is asked once about a room, and POLICY again each time', async () => {
  const { policy, archive, known, find } = await bench();
  for (let i = 0; i < 2; i++) assert.deepEqual(await find('first', 'channel:a', 'channel:old'), ['channel:a']);
  assert.deepEqual(archive, ['channel:a', 'channel:old', 'channel:old']);
  await policy.write({ room: 'channel:a' }, roomStateJson(TEA), 0);
  assert.deepEqual([await find('first', 'channel:a'), known], [[], ['channel:a 7']], 'it is being filled');
  await find('second', 'channel:b');
  await fillPolicy(policy);
  assert.deepEqual(await find('second', 'channel:b'), ['channel:b']);
  policy.up = false;
  assert.deepEqual(await find('second', 'channel:b'), ['channel:b']);
  assert.deepEqual(archive.slice(3), ['channel:b']);
});
