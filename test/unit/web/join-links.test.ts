import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinLinkOfHash, roomOfHash, urlOfJoinLink } from '../../../web/src/page/page-url.ts';
import { usersOf } from '../../../web/src/page/users-of.ts';

test('a link into a room is read back from its address, whatever the name of the room', () => {
  for (const room of ['group:01a2b3c4-0000-7000-8000-000000000000', 'club:a/b', 'club:50%', 'club:#1', 'club:茶']) {
    const { hash } = new URL(urlOfJoinLink('https://chat.example.org/base/?a=1#group:x', { room, token: 'aB-_9' }));
    assert.deepEqual(joinLinkOfHash(hash), { room, token: 'aB-_9' });
    assert.equal(roomOfHash(hash), null);
  }
});

test('other addresses are no links into rooms', () => {
  for (const hash of ['', '#group:x', '#join=', '#join=group:x', '#join=group:x/', '#join=nonsense/abc', '#join=%/abc'])
    assert.equal(joinLinkOfHash(hash), null, hash);
});

test('people are named once each, between commas of both languages', () => {
  assert.deepEqual(usersOf(' bob, carol，小明、bob,\ndan '), ['bob', 'carol', '小明', 'dan']);
  assert.deepEqual(usersOf(' , '), []);
});
