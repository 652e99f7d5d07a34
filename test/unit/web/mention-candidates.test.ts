import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Chat } from '../../../client/chat.ts';
import type { RoomInfo } from '../../../client/room-info.ts';
import { mentionCandidates } from '../../../web/src/page/mention-candidates.ts';

const names: Readonly<Record<string, string>> = { u7: 'Bob Alder' };
const chat = {
  user: 'albert',
  profiles: { of: (user: string) => (names[user] ? { user, name: names[user] } : null) },
} as unknown as Chat;
const info = (all: boolean) =>
  ({
    members: ['albert', 'Alice', 'bob', 'u7', 'x1'].map(user => ({ user, rank: 'member' })),
    may: () => all,
  }) as unknown as RoomInfo;
const found = (letters: string, all = false) => mentionCandidates(chat, info(all), letters).map(({ user }) => user);

test('members are found by their ids and by words of their names, the user is not, and everybody for staff alone', () => {
  assert.deepEqual(found('al'), ['Alice', 'u7']);
  assert.deepEqual(found('AL', true), [null, 'Alice', 'u7']);
  assert.deepEqual(found('bob'), ['bob', 'u7']);
  assert.deepEqual(found('z', true), []);
});
