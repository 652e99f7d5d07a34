import assert from 'node:assert/strict';
import { test } from 'node:test';
import { userSearch } from '../../../../server/chat/user-search.ts';
import { readProfile } from '../../../../server/fold/profile.ts';
import { NO_SETTINGS } from '../../../../server/fold/user-settings.ts';
import { FreeCall } from '../../../support/chat/free-call.ts';
import type { MemoryUsers } from '../../../support/chat/memory-users.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';
import { verbChat } from '../../../support/chat/verb-chat.ts';

/** A chat with users by their ids. */
async function peopleChat(names: Readonly<Record<string, string>>) {
  const chat = roomChat();
  await (chat.chat.users as MemoryUsers).apply(documentsOf(names));
  /** Ids that a text finds. */
  const search = async (caller: string, q: string, more: object = {}) => {
    const { users, cursor } = await chat.as(caller, 'user.search', { q, ...more });
    return { ids: users.map(({ user }) => user), cursor };
  };
  /** All ids that a text finds, in pages. */
  const pages = async (caller: string, q: string, limit: number) => {
    const found: string[][] = [];
    for (let more: { cursor?: string } = {}; ; ) {
      const { ids, cursor } = await search(caller, q, { limit, ...more });
      found.push(ids);
      if (cursor === undefined) return found;
      more = { cursor };
    }
  };
  return { ...chat, search, pages };
}

const documentsOf = (names: Readonly<Record<string, string>>) =>
  Object.entries(names).map(([user, name], index) => ({
    ...{ user, at: index + 1, settings: NO_SETTINGS, profile: readProfile({ name, avatar: '', about: 'secret' }) },
  }));

test('users are found by words of their names, and a page says no more of them than that', async () => {
  const { as, search } = await peopleChat({ u1: 'Ann Tea', u2: 'Bob Teal', u3: 'Jörg 小明' });
  assert.deepEqual(await as('eve', 'user.search', { q: 'TEA' }), {
    users: [
      { user: 'u1', name: 'Ann Tea' },
      { user: 'u2', name: 'Bob Teal' },
    ],
  });
  assert.deepEqual((await search('eve', 'tea b')).ids, ['u2']);
  assert.deepEqual((await search('eve', 'jorg')).ids, ['u3']);
  assert.deepEqual((await search('eve', '明')).ids, ['u3']);
  assert.deepEqual((await search('eve', 't')).ids, []);
  assert.deepEqual((await search('eve', 'ea')).ids, []);
});

test('the user with the id comes first, once, also for a text that is too short to look for', async () => {
  const { search, pages } = await peopleChat({ tea: '', u1: 'Tea', u2: 'Tea', zz: 'ZZ', z: '' });
  assert.deepEqual((await search('eve', 'tea')).ids, ['tea', 'u1', 'u2']);
  assert.deepEqual((await search('eve', 'zz')).ids, ['zz']);
  assert.deepEqual((await search('eve', 'z')).ids, ['z']);
  assert.deepEqual((await search('eve', 'Z')).ids, []);
  assert.deepEqual(await pages('eve', 'tea', 1), [['tea', 'u1'], ['u2']]);
});

test('pages have each user once, and end', async () => {
  const names = Object.fromEntries(Array.from({ length: 45 }, (_, index) => [`u${100 + index}`, 'Tea']));
  const { pages } = await peopleChat(names);
  for (const limit of [1, 7, 15, 20]) {
    const found = await pages('eve', 'tea', limit);
    assert.deepEqual(found.flat(), Object.keys(names));
    assert.deepEqual(found.map(({ length }) => length).slice(0, -1), Array(found.length - 1).fill(limit));
  }
});

test('a user who blocks the caller is not found, and pages are as if there were no such user', async () => {
  const ids = Array.from({ length: 8 }, (_, index) => `u${index}`);
  const all = await peopleChat(Object.fromEntries(ids.map(id => [id, 'Tea'])));
  for (const user of ['u0', 'u2', 'u3', 'u7']) await all.as(user, 'block.add', { user: 'eve' });
  const others = await peopleChat(Object.fromEntries(['u1', 'u4', 'u5', 'u6'].map(id => [id, 'Tea'])));
  for (const limit of [1, 2, 3, 4, 5, 20])
    assert.equal(
      JSON.stringify((await all.pages('eve', 'tea', limit)).filter(({ length }) => length > 0)),
      JSON.stringify((await others.pages('eve', 'tea', limit)).filter(({ length }) => length > 0)),
    );
  assert.equal(JSON.stringify(await all.search('eve', 'u2')), JSON.stringify(await others.search('eve', 'u2')));
  assert.deepEqual((await all.search('bob', 'tea')).ids, ids);
  await all.as('eve', 'block.add', { user: 'u1' });
  assert.deepEqual(
    (await all.search('eve', 'tea')).ids,
    ['u1', 'u4', 'u5', 'u6'],
    'the caller finds whom the caller blocks',
  );
});

test('where the platform says Exact, only the id finds a user', async () => {
  const { chat, call } = verbChat({ CHAT_USER_SEARCH: 'Exact' });
  await (chat.users as MemoryUsers).apply(documentsOf({ u1: 'Ann Tea', ann: 'Bob' }));
  const search = async (q: string) =>
    (await call(userSearch, { q }, new FreeCall('eve'))) as { readonly users: unknown };
  assert.deepEqual(await search('ann'), { users: [{ user: 'ann', name: 'Bob' }] });
  assert.deepEqual(await search('tea'), { users: [] });
});

test('a cursor tells nothing of users who block the caller, whatever a page ends with, and counts for its list alone', async () => {
  const hidden = Array.from({ length: 30 }, (_, index) => `secret-${index}`);
  const names = Object.fromEntries(['a', ...hidden, 'z'].map(user => [user, 'Tea']));
  const { as, pages, refused, search } = await peopleChat(names);
  for (const user of hidden) await as(user, 'block.add', { user: 'eve' });
  assert.deepEqual((await pages('eve', 'tea', 1)).flat(), ['a', 'z']);
  const cursors: string[] = [];
  for (let cursor = (await search('eve', 'tea', { limit: 1 })).cursor; cursor !== undefined; ) {
    cursors.push(cursor);
    cursor = (await search('eve', 'tea', { limit: 1, cursor })).cursor;
  }
  assert.ok(cursors.length > 1, 'a page ends with users who are left out');
  for (const cursor of cursors) {
    const bytes = Buffer.from(cursor, 'base64url');
    assert.doesNotMatch(cursor + bytes.toString('latin1'), /secret|tea/i);
    const wrong = { code: 107, message: 'cursor must be one of this list' };
    assert.deepEqual(await refused('eve', 'user.search', { q: 'te', cursor }), wrong);
    assert.deepEqual(await refused('bob', 'user.search', { q: 'tea', cursor }), wrong);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    for (const forged of [bytes.toString('base64url'), 'secret-1', cursor.slice(4), 'AA'])
      assert.deepEqual(await refused('eve', 'user.search', { q: 'tea', cursor: forged }), wrong);
  }
  assert.equal(new Set(cursors.map(({ length }) => length)).size, 1);
});
