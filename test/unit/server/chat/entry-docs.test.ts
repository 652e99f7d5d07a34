import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readControl } from '../../../../server/fold/control.ts';
import { readEntry, readHide } from '../../../../server/fold/entry.ts';
import { noticeOf } from '../../../../server/fold/membership-notice.ts';
import { readContact } from '../../../../server/fold/pair.ts';
import { NO_ROOM } from '../../../../server/fold/room-state.ts';
import { readSettingsEntry } from '../../../../server/fold/user-settings.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';
import { ENTRY_EXAMPLES, EXPLAINED_TYPES, shapeOf } from '../../../support/docs/entry-examples.ts';

/** Examples of what a worker tells in an inbox. */
const isTold = ({ info }: { readonly info?: unknown }) => info === undefined;

/** The entries that docs/protocol.md shows, made by the verbs. */
async function story() {
  const { as, asService, create, entriesOf, idOf } = roomChat();
  const room = await create('alice', ['bob']);
  const id = idOf();
  const { offset: target } = await as('alice', 'message.send', { room, id, text: 'Hello' });
  await as('bob', 'message.send', { room, text: 'Hello you', mentions: ['alice'], replyTo: { offset: target, id } });
  await as('alice', 'message.edit', { room, target, of: id, text: 'Hello, all', rev: target });
  await as('bob', 'message.react', { room, target, of: id, emoji: '👍', on: true });
  const targets = [{ target, of: id }];
  await as('bob', 'message.delete', { room, targets, scope: 'me' });
  await as('alice', 'message.delete', { room, targets });
  await as('alice', 'room.update', { room, topic: 'Leaves' });
  await as('alice', 'room.invite', { room, users: ['carol'] });
  await as('carol', 'room.accept', { room });
  await as('alice', 'room.role', { room, user: 'carol', role: 'moderator' });
  await as('alice', 'room.kick', { room, user: 'bob' });
  await as('alice', 'room.leave', { room });
  await as('bob', 'room.join', { room: 'channel:general' });
  await as('bob', 'friend.request', { user: 'carol', note: 'Tea?' });
  await as('bob', 'settings.set', { privacy: { add: 'friends' } });
  await asService('exports', 'notice.send', { user: 'bob', about: room, text: 'Your export of Tea is ready.' });
  return [...(await entriesOf(room)), ...(await entriesOf('user:bob'))];
}

test('the entries that docs/protocol.md shows are those that the verbs make', async () => {
  const made = (await story()).map(({ type, data }) => ({ type, act: data['act'], data: shapeOf(data) }));
  const shown = ENTRY_EXAMPLES.filter(each => !isTold(each) && each.tags.type !== 'publish');
  assert.deepEqual(
    shown.map(({ tags, data }) => ({ type: tags.type, act: data['act'], data: shapeOf(data) })),
    made,
  );
});

test('notices that docs/protocol.md shows are those that workers make of the acts above them', () => {
  const told = ENTRY_EXAMPLES.filter(each => isTold(each) && 'cv' in each.data);
  assert.deepEqual(
    told.map(({ tags }) => tags.type),
    ['invite', 'member'],
  );
  for (const { tags, data } of told) {
    const act = ENTRY_EXAMPLES.find(each => !('room' in each.data) && each.data['cv'] === data['cv']) ?? assert.fail();
    const { offset, info } = act;
    const stamped = { type: act.tags.type, offset, user: info?.user ?? '' };
    const entry = readControl(stamped, act.data) ?? assert.fail();
    const user = data['act'] === 'kick' ? 'bob' : 'carol';
    const notice = noticeOf('group:tea', entry, user, { ...NO_ROOM, kind: 'group', name: 'Tea' });
    assert.deepEqual(data, { type: tags.type, id: data['id'], time: act.data['time'], ...notice });
  }
});

test('clients read every entry that docs/protocol.md shows', () => {
  for (const { tags, offset, info, data } of ENTRY_EXAMPLES) {
    const { type } = tags;
    const stamped = { type, offset, user: info?.user ?? '' };
    if (['message', 'edit', 'delete', 'reaction'].includes(type)) assert.ok(readEntry(stamped, data), type);
    if (type === 'hide') assert.ok(readHide(stamped, data));
    if (type === 'me') assert.ok(readSettingsEntry(stamped, data));
    if (type === 'contact') assert.ok(readContact(stamped, data));
  }
});

test('the table in docs/protocol.md explains every type that it shows', () => {
  const shown = new Set(ENTRY_EXAMPLES.map(({ tags }) => tags.type));
  assert.deepEqual(shown, new Set(EXPLAINED_TYPES));
  assert.equal(shown.size, 16);
});
