import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreUnavailable } from '../../../../server/room/history-store.ts';
import { userChangesOf } from '../../../../server/worker/views/user-entries.ts';
import { foldEntry } from '../../../support/chat/fold-entry.ts';
import type { MemoryUsers } from '../../../support/chat/memory-users.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';

/** A chat whose worker folds the inboxes of some users when it is asked to. */
function peopleChat() {
  const chat = roomChat();
  const users = chat.chat.users as MemoryUsers;
  const fold = async () => {
    for (const user of ['ann', 'bob', 'eve']) {
      const entries = await chat.entriesOf(`user:${user}`);
      await users.apply(
        userChangesOf(entries.map(each => foldEntry(each.offset, `user:${user}`, each.type, each.data))),
      );
    }
  };
  const get = async (caller: string, ...asked: readonly string[]) => {
    await fold();
    return (await chat.as(caller, 'profile.get', { users: asked })).users;
  };
  return { ...chat, users, get };
}

const ANN = {
  name: 'Ann Tea',
  avatar: 'https://example.org/ann.png',
  about: 'Drinks tea.\nOften.',
  fields: [{ name: 'Office', value: 'Third floor' }],
};

test('a profile is what the last call gave, and a status stays beside it', async () => {
  const { as, get } = peopleChat();
  await as('ann', 'profile.set', ANN);
  await as('ann', 'status.set', { text: 'On holiday', emoji: '🌴' });
  const status = { text: 'On holiday', emoji: '🌴' };
  assert.deepEqual(await get('bob', 'ann', 'bob', 'ann'), [{ user: 'ann', ...ANN, status }, { user: 'bob' }]);
  await as('ann', 'profile.set', { name: 'Ann' });
  assert.deepEqual(await get('ann', 'ann'), [{ user: 'ann', name: 'Ann', status }]);
  await as('ann', 'status.set', {});
  assert.deepEqual(await get('bob', 'ann'), [{ user: 'ann', name: 'Ann' }]);
  await as('ann', 'profile.set', {});
  assert.deepEqual(await get('bob', 'ann'), [{ user: 'ann' }], 'as one that never was');
});

test('a status ends at its time', async () => {
  const { as, get, clock, refused } = peopleChat();
  const until = clock.wallClock() + 60_000;
  await as('ann', 'status.set', { emoji: '☕', until });
  assert.deepEqual(await get('bob', 'ann'), [{ user: 'ann', status: { emoji: '☕', until } }]);
  clock.pass(60_000);
  assert.deepEqual(await get('bob', 'ann'), [{ user: 'ann' }]);
  assert.deepEqual(await refused('ann', 'status.set', { emoji: '☕', until }), {
    code: 107,
    message: 'until must be in the future, in ms since 1970',
  });
});

test('a user who is blocked sees name and avatar alone, as of one who told no more; the one who blocks sees all', async () => {
  const { as, get } = peopleChat();
  await as('ann', 'profile.set', ANN);
  await as('ann', 'status.set', { text: 'On holiday' });
  await as('eve', 'profile.set', { name: ANN.name, avatar: ANN.avatar });
  await as('bob', 'profile.set', ANN);
  await as('ann', 'block.add', { user: 'bob' });
  const [hidden, less] = await get('bob', 'ann', 'eve');
  assert.equal(JSON.stringify({ ...hidden, user: '' }), JSON.stringify({ ...less, user: '' }));
  assert.deepEqual(await get('ann', 'bob'), [{ user: 'bob', ...ANN }]);
  await as('ann', 'block.remove', { user: 'bob' });
  assert.deepEqual(await get('bob', 'ann'), [{ user: 'ann', ...ANN, status: { text: 'On holiday' } }]);
});

test('without MongoDB profiles are not read, and are set', async () => {
  const { as, users, get } = peopleChat();
  users.up = false;
  await assert.rejects(as('bob', 'profile.get', { users: ['ann'] }), StoreUnavailable);
  await as('ann', 'profile.set', { name: 'Ann' });
  users.up = true;
  assert.deepEqual(await get('bob', 'ann'), [{ user: 'ann', name: 'Ann' }]);
});

test('a profile and a status within their limits are taken, and nothing beyond', async () => {
  const { as, refused, get } = peopleChat();
  const message = async (verb: 'profile.set' | 'status.set', params: object) => {
    const { code, message } = await refused('ann', verb, params);
    assert.equal(code, 107);
    return message;
  };
  const whole = { name: '茶'.repeat(80), about: '🫖'.repeat(500), avatar: `https://x.org/${'a'.repeat(486)}` };
  await as('ann', 'profile.set', whole);
  assert.deepEqual(await get('bob', 'ann'), [{ user: 'ann', ...whole }]);
  const fields = Array.from({ length: 20 }, (_, index) => ({ name: `${index}`, value: 'x'.repeat(200) }));
  assert.equal(await message('profile.set', { fields }), 'the profile must have at most 4096 bytes as JSON');
  assert.equal(await message('profile.set', { name: 'a\nb' }), 'name must be one line without control characters');
  assert.equal(await message('profile.set', { name: 'x'.repeat(81) }), 'name must have at most 80 characters');
  for (const avatar of ['http://example.org/a.png', 'javascript:alert(1)', 'data:image/png;base64,AA', 'ann.png'])
    assert.equal(await message('profile.set', { avatar }), 'avatar must be a URL that begins with https://, or empty');
  assert.equal(await message('profile.set', { fields: [{ name: 'Office' }] }), 'fields[0].value must be a string');
  assert.equal(await message('profile.set', { fields: [...fields, {}] }), 'fields must be a list of at most 20');
  assert.equal(await message('status.set', { text: 'x'.repeat(81) }), 'text must have at most 80 characters');
});

test('a profile that comes again is stored once', async () => {
  const { as, idOf, get, entriesOf } = peopleChat();
  const id = idOf();
  assert.deepEqual(await as('ann', 'profile.set', { id, name: 'Ann' }), { duplicate: false });
  await as('ann', 'profile.set', { name: 'Anna' });
  assert.deepEqual(await as('ann', 'profile.set', { id, name: 'Ann' }), { duplicate: true });
  assert.deepEqual(await get('bob', 'ann'), [{ user: 'ann', name: 'Anna' }]);
  assert.equal((await entriesOf('user:ann')).length, 2);
});
