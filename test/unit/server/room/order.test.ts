import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestRooms } from '../../../support/chat/test-rooms.ts';
import { settle } from '../../../support/clocks/settle.ts';

const ROOM = 'channel:room';
const OTHER = 'channel:other';

test('live messages reach the members in the order of the stream, though its offsets have gaps', async () => {
  const rooms = new TestRooms();
  const member = await rooms.join(ROOM);
  for (let i = 0; i < 3; i++) {
    rooms.log.append(ROOM);
    rooms.log.append(OTHER);
  }
  assert.deepEqual(member.offsets, [1, 3, 5]);
  assert.deepEqual(rooms.events, []);
});

test('what the live flow lost is read before what follows it', async () => {
  const rooms = new TestRooms();
  const member = await rooms.join(ROOM);
  rooms.log.loses = offset => offset === 2 || offset === 3;
  for (let i = 0; i < 5; i++) rooms.log.append(ROOM);
  await settle();
  assert.deepEqual(member.offsets, [1, 2, 3, 4, 5]);
  assert.deepEqual(rooms.events, ['gap']);
});

test('a message that comes live twice is delivered once', async () => {
  const rooms = new TestRooms();
  const member = await rooms.join(ROOM);
  rooms.log.append(ROOM);
  const [message] = (await rooms.log.readAfter(ROOM, 0, 1)).messages;
  assert.ok(message);
  rooms.log.live(message, 0);
  rooms.log.append(ROOM);
  rooms.log.live(message, 0);
  assert.deepEqual(member.offsets, [1, 2]);
});

test('a lost last message is found a second after the room was opened', async () => {
  const rooms = new TestRooms();
  const member = await rooms.join(ROOM);
  rooms.log.loses = () => true;
  rooms.log.append(ROOM);
  await settle();
  assert.deepEqual(member.offsets, []);
  rooms.clock.pass(1_000);
  await settle();
  assert.deepEqual(member.offsets, [1]);
});

test('a lost last message is found by the regular comparison', async () => {
  const rooms = new TestRooms();
  const member = await rooms.join(ROOM);
  rooms.log.loses = () => true;
  rooms.log.append(ROOM);
  assert.equal(await rooms.rooms.recheck(), true);
  await settle();
  assert.deepEqual(member.offsets, [1]);
  assert.deepEqual(rooms.events, ['recheck']);
});

test('every room is compared once in a round of shares, while other rooms come and go', async () => {
  const rooms = new TestRooms({ lingerMs: 0 });
  const members = await Promise.all(Array.from({ length: 30 }, (_, i) => rooms.join(`channel:${i}`)));
  rooms.log.loses = () => true;
  for (let share = 0; share < 5; share++) {
    for (let i = 0; i < 30; i++) rooms.log.append(`channel:${i}`);
    for (const left of members.splice(0, 4)) left.leave();
    rooms.rooms.sweep();
    rooms.clock.pass(1);
    rooms.rooms.sweep();
    await rooms.rooms.recheck(share, 5);
    await settle();
  }
  assert.equal(rooms.rooms.size, 10);
  for (const member of members) assert.ok(member.offsets.length > 0, `${member.room?.name} was never compared`);
});

test('a message stored while an erased one is looked for is not skipped', async () => {
  const rooms = new TestRooms();
  const member = await rooms.join(ROOM);
  rooms.log.loses = offset => offset === 1;
  rooms.log.append(ROOM);
  const room = rooms.rooms.find(ROOM);
  assert.ok(room);
  rooms.log.erase(1);
  room.catchUp(1, 'recheck');
  // The leader has said that there is nothing; before the answer arrives the next message comes live.
  let turns = 0;
  rooms.log.wait = async () => {
    turns += 1;
    if (turns === 4) rooms.log.append(ROOM);
    await settle();
  };
  await settle();
  for (let i = 0; i < 20; i++) await settle();
  assert.deepEqual(member.offsets, [2]);
});

test('a repair that fails is tried again, later each time, and lets nothing overtake it', async () => {
  const rooms = new TestRooms();
  const member = await rooms.join(ROOM);
  rooms.clock.pass(1_000);
  await settle();
  rooms.log.loses = offset => offset === 2;
  rooms.log.fails = request => request === 'readAfter';
  for (let i = 0; i < 3; i++) rooms.log.append(ROOM);
  await settle();
  const waits: number[] = [];
  for (let i = 0; i < 7; i++) {
    const [wait = 0] = rooms.clock.waiting;
    waits.push(wait);
    rooms.clock.pass(wait);
    await settle();
  }
  assert.deepEqual(waits, [200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  assert.deepEqual(member.offsets, [1]);
  rooms.log.fails = () => false;
  rooms.clock.pass(5_000);
  await settle();
  assert.deepEqual(member.offsets, [1, 2, 3]);
});

for (const before of [1, 0]) {
  test(`a message whose predecessor LIVE has forgotten is not trusted, after ${before} messages`, async () => {
    const rooms = new TestRooms();
    const member = await rooms.join(ROOM);
    for (let i = 0; i < before; i++) rooms.log.append(ROOM);
    rooms.log.loses = () => true;
    rooms.log.append(ROOM);
    rooms.log.forgotten = rooms.log.last;
    rooms.log.loses = () => false;
    rooms.log.append(ROOM);
    await settle();
    assert.deepEqual(member.offsets, rooms.log.offsetsOf(ROOM));
  });
}

test('the first message after LIVE has turned over is read from where the last comparison ended', async () => {
  const rooms = new TestRooms();
  const member = await rooms.join(ROOM);
  rooms.log.append(ROOM);
  for (let i = 0; i < 5; i++) rooms.log.append(OTHER);
  await rooms.rooms.recheck();
  rooms.log.forgotten = rooms.log.last;
  rooms.log.append(OTHER);
  rooms.log.append(ROOM);
  await settle();
  assert.deepEqual(member.offsets, [1, 8]);
  assert.deepEqual(rooms.log.readFrom, [6]);
  assert.deepEqual(rooms.events, ['forgotten']);
});

test('a message right behind what a comparison covered needs no read, whatever LIVE has forgotten', async () => {
  const rooms = new TestRooms();
  const member = await rooms.join(ROOM);
  rooms.log.append(OTHER);
  await rooms.rooms.recheck();
  rooms.log.forgotten = rooms.log.last;
  rooms.log.append(ROOM);
  assert.deepEqual(member.offsets, [2]);
  assert.deepEqual(rooms.log.readFrom, []);
});

test('a comparison counts only as far as the replica that answered it had come', async () => {
  const rooms = new TestRooms();
  const member = await rooms.join(ROOM);
  rooms.log.append(ROOM);
  rooms.log.replicaLast = rooms.log.last;
  rooms.log.loses = () => true;
  rooms.log.append(ROOM);
  rooms.log.loses = () => false;
  assert.equal(await rooms.rooms.recheck(), false);
  rooms.log.replicaLast = Number.POSITIVE_INFINITY;
  rooms.log.forgotten = rooms.log.last;
  rooms.log.append(ROOM);
  await settle();
  assert.deepEqual(member.offsets, [1, 2, 3]);
});

test('what LOG has given up since the last comparison is read from MongoDB', async () => {
  const rooms = new TestRooms();
  const member = await rooms.join(ROOM);
  rooms.log.append(ROOM);
  await rooms.rooms.recheck();
  rooms.log.loses = () => true;
  rooms.log.append(ROOM);
  rooms.log.append(OTHER);
  rooms.log.purge(3);
  await rooms.rooms.recheck();
  await settle();
  assert.deepEqual(member.offsets, [1, 2]);
});

test('a quiet room does not ask MongoDB while LOG is purged behind the comparisons', async () => {
  const rooms = new TestRooms();
  await rooms.join(ROOM);
  for (let i = 0; i < 5; i++) {
    rooms.log.append(OTHER);
    await rooms.rooms.recheck();
    rooms.log.purge(rooms.log.last);
    await rooms.rooms.recheck();
    await settle();
  }
  assert.equal(rooms.store.reads, 0);
});

test('a new epoch expels the members, and the room that is opened next counts in it', async () => {
  const rooms = new TestRooms();
  const member = await rooms.join(ROOM);
  rooms.log.append(ROOM);
  rooms.log.epoch = 'second';
  rooms.log.last = 1_000;
  await rooms.rooms.recheck();
  assert.deepEqual(member.expulsions, [ROOM]);
  const back = await rooms.join(ROOM, { offset: 1, epoch: 'first' });
  assert.deepEqual([back.answer?.recovered, back.answer?.wasRecovering, back.answer?.epoch], [false, true, 'second']);
  rooms.log.append(ROOM);
  assert.deepEqual([member.offsets, back.offsets], [[1], [1_001]]);
});

test('a comparison that fails says so, and one without NATS asks nothing', async () => {
  const rooms = new TestRooms();
  await rooms.join(ROOM);
  rooms.log.fails = request => request === 'tops';
  assert.equal(await rooms.rooms.recheck(), false);
  assert.deepEqual(rooms.events, ['failed']);
  rooms.log.up = false;
  const asked = rooms.log.asked.length;
  assert.equal(await rooms.rooms.recheck(), false);
  assert.equal(rooms.log.asked.length, asked);
});

test('a room that could not be opened is tried again by the next who asks', async () => {
  const rooms = new TestRooms();
  rooms.log.fails = request => request === 'state';
  await assert.rejects(rooms.join(ROOM), { name: 'ReadFailed' });
  assert.equal(rooms.rooms.size, 0);
  rooms.log.fails = () => false;
  const member = await rooms.join(ROOM);
  rooms.log.append(ROOM);
  assert.deepEqual(member.offsets, [1]);
});

test('what becomes known just as a repair ends is repaired as well', async () => {
  for (let turns = 0; turns < 40; turns++) {
    const rooms = new TestRooms();
    const member = await rooms.join(ROOM);
    const room = rooms.rooms.find(ROOM);
    rooms.log.loses = () => true;
    rooms.log.append(ROOM);
    rooms.log.append(ROOM);
    room?.catchUp(1, 'recheck');
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    rooms.log.append(ROOM);
    room?.catchUp(3, 'recheck');
    await settle();
    assert.deepEqual(member.offsets, [1, 2, 3], `after ${turns} turns`);
  }
});
