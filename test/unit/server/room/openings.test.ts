import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Position } from '../../../../server/protocol/codec.ts';
import { type TestMember, TestRooms } from '../../../support/chat/test-rooms.ts';
import { settle } from '../../../support/clocks/settle.ts';

const CLIENTS = 300;
const ROOMS_EACH = 10;
const ALL = 1_500;
const name = (room: number) => `channel:${room}`;

/** Rooms with one message each, which has left the stream; and who read it. */
function quiet(rooms: number, noted = true) {
  const all = new TestRooms();
  const positions = new Map<string, Position>();
  for (let room = 0; room < rooms; room++)
    positions.set(name(room), { offset: all.log.append(name(room)), epoch: all.log.epoch });
  for (let i = 0; i < 50; i++) all.log.append('channel:busy');
  all.log.purge(rooms, noted);
  return { all, positions, asked: (request: string) => all.log.asked.filter(each => each === request).length };
}

test('clients that missed nothing come back to quiet rooms without a read of MongoDB, and ask NATS a few times in all', async () => {
  const { all, positions, asked } = quiet(ALL);
  const members: Promise<TestMember>[] = [];
  for (let client = 0; client < CLIENTS; client++)
    for (let i = 0; i < ROOMS_EACH; i++) {
      const room = name((client * ROOMS_EACH + i) % ALL);
      members.push(all.join(room, positions.get(room) ?? null));
    }
  for (const { answer, offsets } of await Promise.all(members))
    assert.deepEqual([answer?.recovered, offsets], [true, []]);
  assert.equal(all.store.reads, 0);
  assert.deepEqual([asked('top'), asked('readAfter'), asked('next')], [0, 0, 0]);
  assert.ok(asked('state') <= 6 && asked('tops') <= 4, all.log.asked.join());

  all.clock.pass(1_000);
  await settle();
  assert.equal(asked('top'), 0, 'each room was asked for on its own a second later');
  assert.ok(asked('state') <= 8 && asked('tops') <= 6, all.log.asked.join());
  assert.equal(all.store.reads, 0);
});

test('what was missed in a quiet room is read from MongoDB', async () => {
  const { all, positions } = quiet(3);
  const before = { offset: (positions.get(name(1))?.offset ?? 0) - 1, epoch: all.log.epoch };
  const member = await all.join(name(1), before);
  assert.deepEqual([member.answer?.recovered, member.offsets], [true, [2]]);
  assert.ok(all.store.reads > 0);
  all.log.append(name(1));
  assert.deepEqual(member.offsets, [2, 54]);
});

test('a room that never had a message needs no MongoDB for a position at its beginning', async () => {
  const { all } = quiet(3);
  all.store.up = false;
  const member = await all.join('channel:empty', { offset: 0, epoch: '' });
  assert.deepEqual([member.answer?.recovered, member.offsets], [true, []]);
});

test('a position that is ahead of this gateway in a quiet room costs one question for all who come with it', async () => {
  const { all, asked } = quiet(20);
  const rooms = Array.from({ length: 20 }, (_, room) => name(room));
  await Promise.all(rooms.map(room => all.join(room)));
  const later = { offset: all.log.append('channel:busy'), epoch: all.log.epoch };
  const before = asked('state');
  const members = await Promise.all([...rooms, ...rooms].map(room => all.join(room, later)));
  for (const { answer } of members) assert.equal(answer?.recovered, true);
  assert.ok(asked('state') - before <= 2, all.log.asked.join());
  assert.deepEqual([asked('top'), all.store.reads], [0, 0]);
});

test('what was purged without being noted is looked up as before', async () => {
  const { all, positions } = quiet(3, false);
  const member = await all.join(name(0), positions.get(name(0)) ?? null);
  assert.deepEqual([member.answer?.recovered, member.offsets], [true, []]);
  assert.ok(all.store.reads > 0);
});

test('a replica that lags is asked again, and no room opens by its word', async () => {
  const { all, asked } = quiet(3);
  const top = all.log.append(name(1));
  all.log.replicaLast = top - 1;
  const opened = all.join(name(1));
  await settle();
  assert.equal(asked('tops'), 1);
  all.log.replicaLast = Number.POSITIVE_INFINITY;
  all.clock.pass(1_000);
  assert.equal((await opened).answer?.offset, top);

  all.log.replicaLast = top - 1;
  all.log.append('channel:busy');
  const refused = assert.rejects(all.join(name(2)), { name: 'ReadFailed' });
  for (let i = 0; i < 10; i++) {
    await settle();
    all.clock.pass(1_000);
  }
  await refused;
});

test('a stream that does not answer fails those who asked, and the next ask anew', async () => {
  const { all, positions } = quiet(2);
  all.log.fails = request => request === 'tops';
  await Promise.all([0, 1].map(room => assert.rejects(all.join(name(room)), { name: 'ReadFailed' })));
  all.log.fails = () => false;
  const member = await all.join(name(0), positions.get(name(0)) ?? null);
  assert.equal(member.answer?.recovered, true);
});

test('a purge while a place is asked for does not hide what it removed', async () => {
  for (let turn = 1; turn <= 8; turn++) {
    const { all } = quiet(3);
    const missed = all.log.append(name(1));
    let turns = 0;
    all.log.wait = async () => {
      turns += 1;
      if (turns === turn) all.log.purge(all.log.last);
    };
    const member = await all.join(name(1), { offset: missed - 1, epoch: all.log.epoch });
    assert.deepEqual(member.offsets, [missed], `purged in turn ${turn}`);
  }
});
