import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takePublished, takeRoom, type User, Users } from '../../../../server/chat/users.ts';

const enter = (users: Users, name: string, now = 0, most = 3): User => {
  const user = users.enter(name, most, now);
  assert.ok(user);
  return user;
};

test('a user has so many connections, and another one when one has gone', () => {
  const users = new Users();
  const alice = [enter(users, 'alice'), enter(users, 'alice'), enter(users, 'alice')];
  assert.equal(users.enter('alice', 3, 0), null);
  enter(users, 'bob');
  users.leave(alice[0] as User, 0);
  enter(users, 'alice');
  assert.equal(users.enter('alice', 3, 0), null);
  enter(users, 'alice', 0, 4); // the limit was raised
});

test('a user who used nothing is forgotten with the last connection', () => {
  const users = new Users();
  users.leave(enter(users, 'alice'), 0);
  assert.equal(users.size, 0);
});

test('connecting again fills no bucket, and who stays away until they are full is forgotten', () => {
  const users = new Users();
  const first = enter(users, 'alice');
  assert.deepEqual([takePublished(first, 1_000, 100, 0), takePublished(first, 1, 100, 0)], [true, false]);
  users.leave(first, 0);
  const again = enter(users, 'alice', 5_000);
  assert.deepEqual([takePublished(again, 501, 100, 5_000), takePublished(again, 500, 100, 5_000)], [false, true]);
  users.leave(again, 5_000);
  enter(users, 'bob', 14_999);
  assert.equal(users.size, 2);
  enter(users, 'bob', 15_000);
  assert.equal(users.size, 1);
  assert.equal(takePublished(enter(users, 'alice', 15_000), 1_000, 100, 15_000), true);
});

test('a message above the burst passes when nothing else was published', () => {
  const alice = enter(new Users(), 'alice');
  assert.deepEqual([takePublished(alice, 5_000, 100, 0), takePublished(alice, 1, 100, 0)], [true, false]);
  assert.equal(takePublished(alice, 5_000, 100, 10_000), true);
});

test('bytes and rooms are counted apart', () => {
  const alice = enter(new Users(), 'alice');
  assert.equal(takePublished(alice, 1_000, 100, 0), true);
  const rooms = Array.from({ length: 30 }, () => takeRoom(alice, 2, 0)).filter(Boolean).length;
  assert.equal(rooms, 20);
});

test('a caller without a connection uses the same buckets, and is forgotten once they are full again', () => {
  const users = new Users();
  assert.equal(takePublished(users.of('alice', 0), 1_000, 100, 0), true);
  const connected = enter(users, 'alice', 1_000);
  assert.equal(users.of('alice', 1_000), connected);
  assert.equal(takePublished(connected, 101, 100, 1_000), false);
  users.leave(connected, 1_000);
  assert.equal(users.of('alice', 5_000), connected);
  users.of('bob', 14_999);
  assert.equal(users.size, 2);
  users.of('bob', 15_000);
  assert.equal(users.size, 1);
});
