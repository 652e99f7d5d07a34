import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Profiles } from '../../../client/profiles.ts';
import { ManualClock } from '../../support/clocks/manual-clock.ts';
import { settle } from '../../support/clocks/settle.ts';

/** Profiles of a server where each user is named by the id, at the time of the read. */
function bench() {
  const clock = new ManualClock();
  const asked: (readonly string[])[] = [];
  const server = { up: true, version: 1 };
  const profiles = new Profiles({
    user: 'ann',
    clock,
    read: async ({ users }) => {
      asked.push(users);
      if (!server.up) throw new Error('refused');
      return { users: users.map(user => ({ user, name: `${user} ${server.version}` })) };
    },
  });
  let emitted = 0;
  profiles.changed.add(() => void emitted++);
  const pass = async (ms: number) => {
    clock.pass(ms);
    await settle();
  };
  return { profiles, asked, server, pass, emitted: () => emitted };
}

test('profiles that a page asks for at once are read together, a hundred a call, and once', async () => {
  const { profiles, asked, pass, emitted } = bench();
  const users = Array.from({ length: 150 }, (_, index) => `u${index}`);
  for (const user of [...users, ...users]) assert.equal(profiles.of(user), null);
  await pass(50);
  assert.deepEqual(
    asked.map(({ length }) => length),
    [100, 50],
  );
  assert.equal(emitted(), 2);
  assert.equal(profiles.of('u149')?.name, 'u149 1');
  await pass(1_000);
  assert.equal(asked.length, 2);
});

test('an old profile is shown until it is read again', async () => {
  const { profiles, asked, server, pass } = bench();
  profiles.of('bob');
  await pass(50);
  server.version = 2;
  await pass(299_000);
  profiles.of('bob');
  await pass(50);
  assert.equal(asked.length, 1);
  await pass(1_000);
  assert.equal(profiles.of('bob')?.name, 'bob 1');
  await pass(50);
  assert.equal(profiles.of('bob')?.name, 'bob 2');
});

test('a read that fails is made again when the profile is asked for', async () => {
  const { profiles, asked, server, pass, emitted } = bench();
  server.up = false;
  profiles.of('bob');
  await pass(50);
  assert.deepEqual([asked.length, emitted()], [1, 0]);
  server.up = true;
  profiles.of('bob');
  await pass(50);
  assert.equal(profiles.of('bob')?.name, 'bob 1');
});

test('the own profile follows the inbox, at once and also during a read', async () => {
  const { profiles, pass, emitted } = bench();
  profiles.of('ann');
  await pass(50);
  profiles.entry({ type: 'me', data: { type: 'me', status: { text: 'here', emoji: '', until: 0 } } });
  assert.deepEqual(profiles.of('ann'), { user: 'ann', name: 'ann 1', status: { text: 'here', emoji: '' } });
  profiles.entry({ type: 'me', data: { type: 'me', profile: { name: 'Ann', avatar: '', about: '', fields: [] } } });
  assert.deepEqual([profiles.of('ann')?.name, profiles.of('ann')?.status?.text, emitted()], ['Ann', 'here', 3]);
  profiles.entry({ type: 'me', data: { type: 'me', status: { text: '', emoji: '', until: 0 } } });
  assert.equal(profiles.of('ann')?.status, undefined);
  profiles.entry({ type: 'me', data: { type: 'me', privacy: { add: 'nobody' } } });
  profiles.entry({ type: 'member', data: {} });
  assert.equal(emitted(), 4);
});
