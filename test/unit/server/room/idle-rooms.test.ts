import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LARGE_ROOM } from '../../../support/chat/large-room.ts';
import { NO_CONTROL } from '../../../support/chat/no-control.ts';
import { TestRooms } from '../../../support/chat/test-rooms.ts';

const ROOM = 'channel:room';
const OTHER = 'channel:other';

test('a room without members is closed after a while, and with it its subscription; one somebody joins stays', async () => {
  const rooms = new TestRooms({ lingerMs: 1_000 });
  const member = await rooms.join(ROOM);
  rooms.log.append(ROOM);
  member.leave();
  rooms.rooms.sweep();
  rooms.clock.pass(999);
  rooms.rooms.sweep();
  assert.deepEqual(rooms.log.watched, [ROOM]);
  const gate = Promise.withResolvers<void>();
  rooms.log.wait = () => gate.promise;
  const slow = rooms.join(OTHER);
  rooms.clock.pass(5_000);
  rooms.rooms.sweep();
  assert.deepEqual(rooms.log.watched, [OTHER]);
  assert.equal(rooms.budget.used, 0);
  gate.resolve();
  await slow;
  rooms.log.append(OTHER);
  assert.deepEqual((await slow).offsets, [2]);
});

test('large rooms are kept for those who may come back as far as their members fit', async () => {
  const rooms = new TestRooms({ control: { ...NO_CONTROL, load: async () => LARGE_ROOM } });
  const member = await rooms.join('group:joined');
  await Promise.all(Array.from({ length: 300 }, (_, index) => rooms.rooms.open(`group:${index}`).ready()));
  rooms.rooms.sweep();
  const isOpen = ['joined', 0, 100, 101, 299].map(name => rooms.rooms.find(`group:${name}`) !== undefined);
  assert.deepEqual([rooms.rooms.size, isOpen], [200, [true, false, false, true, true]]);
  member.leave();
});

test('at most 10,000 rooms are kept for those who may come back', async () => {
  const rooms = new TestRooms();
  const member = await rooms.join(ROOM);
  for (let i = 0; i < 10_500; i++) rooms.rooms.open(`channel:${i}`);
  rooms.rooms.sweep();
  assert.equal(rooms.rooms.size, 10_001);
  rooms.log.append(ROOM);
  assert.deepEqual(member.offsets, [1]);
});
