import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_USER_BYTES } from '../../../../server/access/names.ts';
import { misnamedRoom } from '../../../../server/access/policy.ts';
import { directRoom } from '../../../../server/membership/direct-room.ts';

test('two users have one name for their room, in either order, and no others have it', () => {
  const users = ['ann', 'bob', 'Bob', 'ann","bob', '', '😀', '\uffff', 'x'.repeat(MAX_USER_BYTES)];
  const names = new Map<string, string>();
  for (const one of users)
    for (const other of users.filter(each => each !== one)) {
      const name = directRoom(one, other);
      assert.equal(directRoom(other, one), name);
      assert.equal(misnamedRoom(name), null);
      const pair = JSON.stringify([one, other].sort());
      assert.equal(names.get(name) ?? pair, pair);
      names.set(name, pair);
    }
  assert.equal(names.size, (users.length * (users.length - 1)) / 2);
});

test('the name stays the same from release to release', () => {
  assert.equal(directRoom('bob', 'alice'), 'dm:O9m36lrYPsGb0-mbmFsIZd');
});
