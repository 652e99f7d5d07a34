import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvisibleUsers } from '../../../../server/presence/invisible-users.ts';
import { TestMember, TestRooms } from '../../../support/chat/test-rooms.ts';

function scene() {
  const settings = new Map<string, boolean>();
  const shown: boolean[] = [];
  const member = Object.assign(new TestMember(new TestRooms(), 'bob'), { shown: (is: boolean) => void shown.push(is) });
  const own = [member];
  const users = new InvisibleUsers({
    load: async user => settings.get(user) ?? assert.fail('not known now'),
    own: () => own,
  });
  return { settings, shown, own, users };
}

test('the rooms of a user hear of it once when the user becomes invisible, and when the user is shown again', async () => {
  const { settings, shown, users } = scene();
  settings.set('bob', true);
  await users.load('bob');
  await users.load('bob');
  assert.ok(users.has('bob'));
  users.set('bob', false);
  users.set('bob', false);
  assert.deepEqual([users.has('bob'), shown], [false, [false, true]]);
});

test('a user of whom it is not known is hidden until it is', async () => {
  const { settings, shown, users } = scene();
  await users.load('bob');
  assert.ok(users.has('bob'));
  settings.set('bob', false);
  users.tick();
  await new Promise(setImmediate);
  assert.deepEqual([users.has('bob'), shown], [false, [true]]);
});

test('a user is forgotten with the last connection, not before', async () => {
  const { settings, own, users } = scene();
  settings.set('bob', true);
  await users.load('bob');
  users.left('bob');
  assert.ok(users.has('bob'));
  own.length = 0;
  users.left('bob');
  assert.ok(!users.has('bob'));
});
