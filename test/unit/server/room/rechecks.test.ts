import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rechecks } from '../../../../server/room/rechecks.ts';
import { TestRooms } from '../../../support/chat/test-rooms.ts';
import { settle } from '../../../support/clocks/settle.ts';

/** Ten rooms, each of which has lost a live message. */
async function setUp(seconds: number) {
  const rooms = new TestRooms();
  const members = await Promise.all(Array.from({ length: 10 }, (_, i) => rooms.join(`channel:${i}`)));
  rooms.log.loses = () => true;
  for (let i = 0; i < 10; i++) rooms.log.append(`channel:${i}`);
  const repaired = () => members.filter(member => member.offsets.length > 0).length;
  const asked = () => rooms.log.asked.filter(request => request === 'tops').length;
  const opening = asked();
  const comparisons = () => asked() - opening;
  return { rooms, rechecks: new Rechecks(rooms.rooms, () => seconds), repaired, comparisons };
}

const connected = Promise.resolve();

test('every room has its turn within the bound, an even share each second', async () => {
  const { rechecks, repaired } = await setUp(5);
  for (let second = 1; second <= 5; second++) {
    rechecks.tick();
    await settle();
    assert.equal(repaired(), 2 * second);
  }
});

test('after a resume all are compared at once, but only when what is stored from then on comes live', async () => {
  const { rechecks, repaired } = await setUp(300);
  const gate = Promise.withResolvers<void>();
  void rechecks.resumed(gate.promise);
  await settle();
  assert.equal(repaired(), 0);
  gate.resolve();
  await settle();
  assert.equal(repaired(), 10);
});

test('a comparison that fails is owed, and repeated each second until it succeeds', async () => {
  const { rooms, rechecks, repaired } = await setUp(300);
  rooms.log.fails = request => request === 'state';
  await rechecks.resumed(connected);
  rechecks.tick();
  await settle();
  assert.equal(repaired(), 0);
  rooms.log.fails = () => false;
  rechecks.tick();
  await settle();
  assert.equal(repaired(), 10);
});

test('a connection that is lost again leaves the comparison owed', async () => {
  const { rooms, rechecks, repaired } = await setUp(300);
  rooms.log.up = false;
  await rechecks.resumed(Promise.reject(new Error('lost')));
  rooms.log.up = true;
  rechecks.tick();
  await settle();
  assert.equal(repaired(), 10);
});

test('resumes that come together are one comparison, and one more for those that came while it ran', async () => {
  const { rooms, rechecks, comparisons } = await setUp(300);
  rooms.log.wait = settle;
  await Promise.all(Array.from({ length: 8 }, () => rechecks.resumed(connected)));
  assert.equal(comparisons(), 1);
  for (let second = 0; second < 2; second++) {
    rechecks.tick();
    for (let i = 0; i < 20; i++) await settle();
  }
  assert.equal(comparisons(), 3); // the one owed, and the share of a second
});

test('a comparison that breaks in an unforeseen way does not end all later ones', async () => {
  const { rooms, rechecks, repaired } = await setUp(300);
  const { connected: up } = rooms.log;
  rooms.log.connected = () => {
    throw new Error('unforeseen');
  };
  await assert.rejects(rechecks.resumed(connected), { message: 'unforeseen' });
  rooms.log.connected = up;
  rechecks.tick();
  await settle();
  assert.equal(repaired(), 10);
});
