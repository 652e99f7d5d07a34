import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_LEFT_OUT } from '../../../../server/room/filtered-reader.ts';
import { TestMember, TestRooms, type TestRoomsOptions } from '../../../support/chat/test-rooms.ts';
import { settle } from '../../../support/clocks/settle.ts';

const ROOM = 'channel:room';
const OTHER = 'channel:other';

function filled(count: number, options: TestRoomsOptions = {}): TestRooms {
  const rooms = new TestRooms(options);
  for (let i = 0; i < count; i++) rooms.log.append(ROOM);
  return rooms;
}

/** A room opened before `count` messages came, so that they are in its tail. */
async function live(count: number, options: TestRoomsOptions = {}): Promise<TestRooms> {
  const rooms = new TestRooms(options);
  await rooms.join(ROOM);
  for (let i = 0; i < count; i++) rooms.log.append(ROOM);
  return rooms;
}

const upTo = (last: number, from = 1) => Array.from({ length: last - from + 1 }, (_, i) => from + i);
const position = (offset: number, epoch = 'first') => ({ offset, epoch });
const recoveries = (rooms: TestRooms) => rooms.events.filter(event => event.startsWith('recovered'));

test('who does not recover starts at the top and gets what comes', async () => {
  const rooms = filled(5);
  const member = await rooms.join(ROOM);
  assert.deepEqual(
    [member.answer?.offset, member.answer?.recoverable, member.answer?.wasRecovering, member.answer?.publications],
    [5, true, false, []],
  );
  rooms.log.append(ROOM);
  assert.deepEqual(member.offsets, [6]);
});

test('recovery reads the tail when that has everything', async () => {
  const rooms = await live(9);
  const reads = rooms.log.asked.length;
  const member = await rooms.join(ROOM, position(4));
  assert.deepEqual([member.answer?.recovered, member.answer?.offset], [true, 4]);
  assert.deepEqual(member.offsets, upTo(9, 5));
  assert.deepEqual(recoveries(rooms), ['recovered tail']);
  assert.equal(rooms.log.asked.length, reads);
});

test('recovery reads the stream below the tail, and the tail from there on', async () => {
  const rooms = filled(20);
  await rooms.join(ROOM);
  rooms.log.append(ROOM);
  const member = await rooms.join(ROOM, position(3));
  rooms.log.append(ROOM);
  assert.deepEqual(member.offsets, upTo(22, 4));
  assert.deepEqual(recoveries(rooms), ['recovered stream']);
});

test('recovery reads MongoDB below the stream, and counts as the deepest place it read', async () => {
  const rooms = filled(20);
  rooms.log.purge(12);
  const member = await rooms.join(ROOM, position(3));
  rooms.log.append(ROOM);
  assert.deepEqual(member.offsets, upTo(21, 4));
  assert.deepEqual(recoveries(rooms), ['recovered mongodb']);
});

test('what a recovery reads in many pages of MongoDB is counted once, and history and repairs count nothing', async () => {
  const rooms = filled(200, { chunk: 10 });
  rooms.log.purge(200);
  const member = await rooms.join(ROOM, position(3));
  assert.deepEqual(member.offsets, upTo(200, 4));
  assert.equal(rooms.store.counts, 1);
  await rooms.joining.reader.after(ROOM, 10, 10);
  assert.equal(rooms.store.counts, 1);
});

test('who missed nothing gets the position of the room, who missed something the one it moves on from', async () => {
  const rooms = new TestRooms();
  for (let i = 0; i < 40; i++) rooms.log.append(OTHER);
  await rooms.join(ROOM); // a room without a message stands at the end of its partition
  const none = await rooms.join(ROOM, position(3));
  assert.deepEqual([none.answer?.recovered, none.answer?.offset, none.offsets], [true, 40, []]);
  rooms.log.append(ROOM);
  const one = await rooms.join(ROOM, position(3));
  assert.deepEqual([one.answer?.recovered, one.answer?.offset, one.offsets], [true, 3, [41]]);
});

test('recovery from the beginning takes any epoch', async () => {
  const rooms = filled(3);
  const member = await rooms.join(ROOM, position(0, ''));
  assert.deepEqual([member.answer?.recovered, member.offsets], [true, [1, 2, 3]]);
});

for (const { what, purged } of [
  { what: 'in the stream', purged: 0 },
  { what: 'in MongoDB', purged: 15 },
]) {
  test(`more than the limit ${what} is not recovered: the reply says so, and has no messages`, async () => {
    const rooms = filled(20, { limit: 10, chunk: 4 });
    rooms.log.purge(purged);
    const lost = await rooms.join(ROOM, position(9));
    assert.deepEqual(
      [lost.answer?.wasRecovering, lost.answer?.recovered, lost.answer?.offset, lost.offsets],
      [true, false, 20, []],
    );
    const kept = await rooms.join(ROOM, position(10));
    assert.deepEqual([kept.answer?.recovered, kept.offsets], [true, upTo(20, 11)]);
    rooms.log.append(ROOM);
    assert.deepEqual(lost.offsets, [21]);
    assert.deepEqual(recoveries(rooms), ['recovered failed', `recovered ${purged === 0 ? 'stream' : 'mongodb'}`]);
  });
}

test('a position above a room that does not know yet that its stream was lifted is not recovered', async () => {
  const rooms = filled(5);
  await rooms.join(ROOM);
  // The stream ran back from 9 to 5, took one message at an offset used before, and was lifted.
  rooms.log.loses = () => true;
  rooms.log.append(ROOM);
  rooms.log.purge(6);
  rooms.log.epoch = 'second';
  rooms.log.last = 1_000;
  const member = await rooms.join(ROOM, position(9));
  assert.deepEqual([member.answer?.recovered, member.offsets], [false, []]);
});

test('what is lost is never recovered silently, and what is not lost is recovered', async () => {
  const rooms = filled(20);
  rooms.log.purge(15);
  rooms.log.lost = [{ from: 6, to: 10 }];
  for (const offset of [6, 7, 8, 9, 10]) rooms.store.erase(offset);
  for (const offset of [3, 5, 9]) {
    const lost = await rooms.join(ROOM, position(offset));
    assert.deepEqual([lost.answer?.wasRecovering, lost.answer?.recovered, lost.offsets], [true, false, []]);
  }
  const kept = await rooms.join(ROOM, position(10));
  assert.deepEqual([kept.answer?.recovered, kept.offsets], [true, upTo(20, 11)]);
  const fresh = await rooms.join(ROOM);
  assert.equal(fresh.answer?.recovered, false);
});

test('who is in a room when what it missed is lost subscribes again, and learns it then', async () => {
  const rooms = await live(4);
  const member = await rooms.join(ROOM);
  rooms.log.loses = () => true;
  for (let i = 0; i < 6; i++) rooms.log.append(ROOM);
  rooms.log.loses = () => false;
  rooms.log.purge(10);
  rooms.log.lost = [{ from: 5, to: 10 }];
  for (const offset of upTo(10, 5)) rooms.store.erase(offset);
  await rooms.rooms.recheck();
  await settle();
  assert.deepEqual(member.expulsions, [ROOM]);
  const again = await rooms.join(ROOM, position(4));
  assert.deepEqual([again.answer?.recovered, again.offsets], [false, []]);
  rooms.log.append(ROOM);
  assert.deepEqual(again.offsets, [11]);
});

test('another epoch is not recovered', async () => {
  const rooms = filled(5);
  const member = await rooms.join(ROOM, position(3, 'older'));
  assert.deepEqual([member.answer?.recovered, member.answer?.offset, member.answer?.epoch], [false, 5, 'first']);
});

test('an offset above everything the stream ever had is not recovered', async () => {
  const rooms = filled(5);
  const member = await rooms.join(ROOM, position(6));
  assert.deepEqual([member.answer?.recovered, member.answer?.offset], [false, 5]);
});

test('who was ahead of this gateway waits until it has caught up', async () => {
  const rooms = filled(2);
  await rooms.join(ROOM);
  rooms.log.loses = () => true;
  for (let i = 0; i < 3; i++) rooms.log.append(ROOM);
  const member = await rooms.join(ROOM, position(4));
  assert.deepEqual([member.answer?.recovered, member.answer?.offset, member.offsets], [true, 4, [5]]);
});

test('a position at the end of the partition, above the room’s last message, is recovered', async () => {
  const rooms = filled(2);
  for (let i = 0; i < 5; i++) rooms.log.append(OTHER);
  const member = await rooms.join(ROOM, position(7));
  assert.deepEqual([member.answer?.recovered, member.offsets], [true, []]);
  rooms.log.append(ROOM);
  assert.deepEqual(member.offsets, [8]);
});

test('what was erased is passed over', async () => {
  const rooms = filled(10);
  for (const offset of [4, 5, 9, 10]) rooms.log.erase(offset);
  const member = await rooms.join(ROOM, position(3));
  rooms.log.append(ROOM);
  assert.deepEqual(member.offsets, [6, 7, 8, 11]);
});

test('what recovery read before it came live does not come again', async () => {
  const rooms = await live(3);
  rooms.log.loses = () => true; // the live flow is late
  for (let i = 0; i < 3; i++) rooms.log.append(ROOM);
  const room = rooms.rooms.find(ROOM);
  assert.ok(room);
  room.tail.restart(room.latest);
  const member = await rooms.join(ROOM, position(1));
  await rooms.rooms.recheck();
  await settle();
  rooms.log.loses = () => false;
  rooms.log.append(ROOM);
  assert.deepEqual(member.offsets, upTo(7, 2));
});

test('what the tail gave up while an empty page was read is not skipped', async () => {
  const rooms = await live(4, { tailMessages: 2 });
  const room = rooms.rooms.find(ROOM);
  assert.ok(room);
  room.tail.restart(4);
  for (const offset of [2, 3, 4]) rooms.log.erase(offset);
  let turns = 0;
  rooms.log.wait = async () => {
    turns += 1;
    // The leader has said that nothing follows; then more comes than the tail keeps.
    if (turns === 4) for (let i = 0; i < 6; i++) rooms.log.append(ROOM);
  };
  const member = await rooms.join(ROOM, position(1));
  assert.ok(room.tail.from > 5);
  assert.deepEqual(member.offsets, upTo(10, 5));
});

test('more than a chunk is pushed after the reply, in the same order', async () => {
  const rooms = filled(25, { chunk: 10 });
  const member = await rooms.join(ROOM, position(2));
  assert.deepEqual(
    member.answer?.publications.map(({ offset }) => offset),
    upTo(12, 3),
  );
  assert.deepEqual(member.offsets, upTo(25, 3));
});

test('a slow reader is waited for, while messages arrive, and then gets the live ones', async () => {
  const rooms = filled(100, { chunk: 10 });
  const member = new TestMember(rooms);
  member.slow = true;
  const joined = rooms.join(ROOM, position(0), member);
  await settle();
  assert.equal(member.offsets.length, 10);
  for (let i = 0; i < 60; i++) {
    rooms.log.append(ROOM);
    await settle();
    if (i % 2 === 0) member.read();
    await settle();
  }
  member.slow = false;
  member.read();
  await joined;
  rooms.log.append(ROOM);
  assert.deepEqual(member.offsets, upTo(161));
  assert.ok(member.mostWaiting <= 10 + 2, `${member.mostWaiting} frames waited`); // a chunk, and what came live since
});

test('large messages come in portions of so many bytes, the first in the reply', async () => {
  const rooms = new TestRooms({ chunk: 100, chunkBytes: 3_000 });
  for (let i = 0; i < 10; i++) rooms.log.append(ROOM, 'x'.repeat(1_000));
  const member = new TestMember(rooms);
  member.slow = true;
  const joined = rooms.join(ROOM, position(0), member);
  await settle();
  assert.equal(member.answer?.publications.length, 2);
  assert.equal(member.mostWaiting, 2);
  while (member.offsets.length < 10) {
    member.read();
    await settle();
  }
  await joined;
  assert.deepEqual([member.offsets, member.mostWaiting], [upTo(10), 2]);
});

test('a reader that is congested already is answered at once, and gets everything later', async () => {
  const rooms = filled(5);
  const member = new TestMember(rooms);
  member.slow = true;
  member.receive('{"push":{"pub":{"offset":0}}}'); // of another room
  const joined = rooms.join(ROOM, position(2), member);
  await settle();
  // Not above what it has: an application may leave before the rest has come.
  assert.deepEqual([member.answer?.recovered, member.answer?.publications, member.answer?.offset], [true, [], 2]);
  member.slow = false;
  member.read();
  await joined;
  assert.deepEqual(member.offsets, [0, 3, 4, 5]);
});

for (const request of ['ready', 'state', 'tops', 'purgedTops', 'readAfter', 'next']) {
  test(`who leaves while ${request} is asked is not in the room, and keeps it open no longer`, async () => {
    const rooms = filled(5, { lingerMs: 0 });
    const gate = Promise.withResolvers<void>();
    const opened = rooms.join(OTHER, position(0));
    await opened;
    const member = new TestMember(rooms);
    rooms.log.wait = () => (rooms.log.asked.at(-1) === request ? gate.promise : Promise.resolve());
    // Behind what left the stream without being noted, nothing but a question tells whether anything follows.
    if (request === 'purgedTops' || request === 'next') {
      for (const offset of upTo(5)) rooms.log.erase(offset);
      rooms.log.purge(5, false);
    }
    const from = request === 'state' ? position(1_000) : position(0);
    const joined = rooms.join(ROOM, from, member);
    await settle();
    assert.equal(rooms.log.asked.at(-1), request);
    member.leave();
    gate.resolve();
    await joined;
    assert.deepEqual([member.answer, rooms.rooms.find(ROOM)?.members.size], [null, 0]);
    (await opened).leave();
    rooms.rooms.sweep();
    rooms.clock.pass(1);
    rooms.rooms.sweep();
    assert.equal(rooms.rooms.size, 0);
  });
}

test('who leaves while a state is asked for a position ahead is not in the room', async () => {
  const rooms = await live(5);
  const member = new TestMember(rooms);
  const gate = Promise.withResolvers<void>();
  rooms.log.wait = () => gate.promise;
  const joined = rooms.join(ROOM, position(1_000), member);
  await settle();
  member.leave();
  gate.resolve();
  await joined;
  assert.equal(member.answer, null);
  assert.equal(rooms.rooms.find(ROOM)?.members.has(member), false);
});

test('a member whose room is invalidated before the answer gets a failure, and one that had an answer is expelled', async () => {
  const rooms = filled(30, { chunk: 10 });
  const slow = new TestMember(rooms);
  slow.slow = true;
  const answered = rooms.join(ROOM, position(0), slow);
  await settle();
  const gate = Promise.withResolvers<void>();
  rooms.log.wait = () => gate.promise;
  const waiting = rooms.join(ROOM, position(1_000));
  await settle();
  rooms.rooms.find(ROOM)?.invalidate();
  gate.resolve();
  await assert.rejects(waiting, { name: 'ReadFailed' });
  slow.slow = false;
  slow.read();
  await answered;
  assert.deepEqual(slow.expulsions, [ROOM]);
});

test('a member that joins a room closed under it hears of it', async () => {
  const rooms = filled(1);
  const room = rooms.rooms.open(ROOM);
  await room.ready();
  const member = new TestMember(rooms);
  const joined = rooms.enter(room, member, null);
  room.close();
  await assert.rejects(joined, { name: 'ReadFailed' });
  assert.deepEqual([member.answer, room.members.size], [null, 0]);
});

test('a stream that does not answer fails the join before the answer, and expels after it', async () => {
  const rooms = filled(60, { chunk: 10 });
  rooms.log.fails = request => request === 'readAfter';
  await assert.rejects(rooms.join(ROOM, position(0)), { name: 'ReadFailed' });
  rooms.log.fails = () => false;
  const member = new TestMember(rooms);
  member.slow = true;
  const joined = rooms.join(ROOM, position(0), member);
  await settle();
  rooms.log.fails = request => request === 'readAfter';
  member.slow = false;
  member.read();
  await joined;
  assert.ok(member.answer?.recovered);
  assert.deepEqual([member.offsets.length < 60, member.expulsions], [true, [ROOM]]);
  assert.deepEqual(member.offsets, upTo(member.offsets.length));
});

test('MongoDB away fails only who needs it', async () => {
  const rooms = filled(10);
  rooms.log.purge(5);
  rooms.store.up = false;
  await assert.rejects(rooms.join(ROOM, position(2)), { name: 'StoreUnavailable' });
  assert.deepEqual((await rooms.join(ROOM, position(5))).offsets, upTo(10, 6));
});

/** A room with messages at its ends, and more deleted ones between than one read goes over. */
function mostlyDeleted(): { readonly rooms: TestRooms; readonly last: number } {
  const rooms = filled(2.5 * MOST_LEFT_OUT, { limit: 10 * MOST_LEFT_OUT });
  const { log } = rooms;
  log.purge(log.last);
  for (let offset = 2; offset < log.last; offset++) rooms.store.blank(offset);
  return { rooms, last: log.last };
}

test('recovery goes on over any number of deleted messages', async () => {
  const { rooms, last } = mostlyDeleted();
  const member = await rooms.join(ROOM, position(0));
  rooms.log.append(ROOM);
  assert.deepEqual([member.answer?.recovered, member.offsets], [true, [1, last, last + 1]]);
});

test('a client that is cut off while it recovers over deleted messages goes on behind those it was answered', async () => {
  const { rooms, last } = mostlyDeleted();
  const received: number[] = [];
  let from = 1;
  for (let joins = 0; received.length === 0; joins++) {
    assert.ok(joins < 10, `no progress from ${from}`);
    const member = new TestMember(rooms);
    const answered = member.answered.bind(member);
    member.answered = result => {
      answered(result);
      from = result.offset;
      received.push(...result.publications.map(({ offset }) => offset));
      member.leave();
    };
    await rooms.join(ROOM, position(from), member);
  }
  assert.deepEqual([received, from >= 2 * MOST_LEFT_OUT], [[last], true]);
});

test('a room that has missed many messages, which are deleted since, delivers those behind them', async () => {
  const rooms = new TestRooms();
  const { log, store } = rooms;
  const member = await rooms.join(ROOM);
  log.loses = () => true;
  for (let i = 0; i < 2.5 * MOST_LEFT_OUT; i++) log.append(ROOM);
  log.purge(log.last);
  for (let offset = 1; offset < log.last; offset++) store.blank(offset);
  log.loses = () => false;
  const last = log.append(ROOM);
  await settle();
  assert.deepEqual(member.offsets, [last - 1, last]);
  assert.equal(member.room?.latest, last);
});
