import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roomChat } from '../../../support/chat/room-chat.ts';

const ALL = 'system:all';

test('everybody reads announcements, and services alone write and take them back', async () => {
  const { as, asService, refused, code, idOf } = roomChat();
  const id = idOf();
  const { offset } = await asService('billing', 'message.send', { room: ALL, id, text: 'Down at noon' });
  const texts = async () => (await as('ann', 'message.list', { room: ALL })).items.map(({ text }) => text);
  assert.deepEqual(await texts(), ['Down at noon']);
  assert.equal(await code('ann', 'message.send', { room: ALL, text: 'Buy now' }), 103);
  assert.equal(await code('ann', 'message.react', { room: ALL, target: offset, of: id, emoji: '👍', on: true }), 103);
  assert.equal(await code('ann', 'message.delete', { room: ALL, targets: [{ target: offset, of: id }] }), 103);
  await asService('billing', 'message.edit', { room: ALL, target: offset, of: id, text: 'Down at one' });
  assert.deepEqual(await texts(), ['Down at one']);
  await asService('other', 'message.delete', { room: ALL, targets: [{ target: offset, of: id }] });
  assert.deepEqual(await texts(), [undefined]);
  assert.match((await refused('ann', 'room.create', { kind: 'system', name: 'x' })).message, /system/);
});

test('the role gives nothing in rooms of other kinds', async () => {
  const { asService, create } = roomChat();
  const room = await create('ann');
  await assert.rejects(asService('billing', 'message.send', { room, text: 'hello' }), /permission denied/);
  await assert.rejects(asService('billing', 'room.freeze', { room, on: true }), /permission denied/);
});

test('a service acts on messages of the system alone: neither on its rooms nor on their members', async () => {
  const { asService, entriesOf } = roomChat();
  const acts = {
    'room.ban': { user: 'ann' },
    'room.mute': { user: 'ann', until: 4_000_000_000_000 },
    'room.add': { users: ['ann'] },
    'room.invite': { users: ['ann'] },
    'room.freeze': { on: true },
    'link.create': {},
  } as const;
  for (const [name, params] of Object.entries(acts))
    await assert.rejects(
      asService('billing', name as keyof typeof acts, { room: ALL, ...params }),
      /permission denied/,
    );
  assert.deepEqual(await entriesOf(ALL), []);
});

test('a notice is an entry of the inbox, once for each id', async () => {
  const { as, asService, entriesOf, code, idOf } = roomChat();
  const id = idOf();
  const notice = { id, user: 'bob', text: 'Your export is ready' };
  const first = await asService('exports', 'notice.send', notice);
  assert.equal(first.duplicate, false);
  assert.deepEqual(await asService('exports', 'notice.send', notice), { ...first, duplicate: true });
  const entries = await entriesOf('user:bob');
  assert.deepEqual(
    entries.map(({ type, data }) => [type, data['text'], data['by']]),
    [['notice', 'Your export is ready', 'exports']],
  );
  assert.equal(await code('ann', 'notice.send', notice), 103);
  assert.equal(await code('bob', 'notice.send', notice), 103);
  await assert.rejects(asService('exports', 'notice.send', { ...notice, id: idOf(), about: 'tea' }), /about must be/);
  assert.deepEqual((await as('bob', 'room.list', {})).items, []);
});

test('a notice that is not kept is an event for the devices that are there', async () => {
  const { asService, entriesOf, userEvents } = roomChat();
  await asService('exports', 'notice.send', { user: 'bob', text: 'Half way', about: 'group:tea', keep: false });
  const [event] = userEvents;
  assert.deepEqual(event ? [event.user, event.data.type, event.data['text'], event.data['about']] : null, [
    'bob',
    'notice',
    'Half way',
    'group:tea',
  ]);
  assert.deepEqual(await entriesOf('user:bob'), []);
});
