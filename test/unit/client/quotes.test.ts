import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../../client/call-error.ts';
import type { Message } from '../../../client/message.ts';
import { offlineChat } from '../../support/chat/offline-chat.ts';
import { settle } from '../../support/clocks/settle.ts';

const ROOM = 'channel:general';
const refOf = (offset: number, text: string) => ({ offset, id: `id-of-${text}` });

/** A room of 60 messages of which the newest page is loaded: the first ones are not. */
async function openRoom() {
  const from = offlineChat();
  const offsets = Array.from({ length: 60 }, (_, index) => from.server.say(ROOM, `line ${index}`));
  const room = from.chat.open(ROOM);
  from.chat.connect();
  await settle();
  const first = refOf(offsets[0] ?? 0, 'line 0');
  return { ...from, room, offsets, first };
}
const textOf = (message: Message | null | undefined) => message && (message.deleted > 0 ? 'deleted' : message.text);

test('a quoted message above the loaded pages is read once, found, and not put into the list', async () => {
  const { room, server, first } = await openRoom();
  const changes: unknown[] = [];
  room.changed.add(() => changes.push(textOf(room.quoted(first))));
  assert.equal(room.quoted(first), undefined);
  assert.equal(room.quoted(first), undefined);
  await settle();
  assert.deepEqual([textOf(room.quoted(first)), changes], ['line 0', ['line 0']]);
  assert.equal(server.gets.length, 1);
  assert.equal(room.messages.length, 50);
  await room.loadOlder();
  assert.deepEqual(
    room.messages.map(({ text }) => text),
    Array.from({ length: 60 }, (_, index) => `line ${index}`),
  );
});

test('a quote follows the edit and the delete of its message', async () => {
  const { room, server, first } = await openRoom();
  room.quoted(first);
  await settle();
  const about = { target: first.offset, of: first.id };
  server.publish(ROOM, { type: 'edit', ...about, text: 'edited' }, 'bob', 'edit');
  assert.equal(textOf(room.quoted(first)), 'edited');
  server.publish(ROOM, { type: 'delete', targets: [{ ...about, user: 'bob', time: 1 }] }, 'bob', 'delete');
  assert.equal(textOf(room.quoted(first)), 'deleted');
});

test('a quote of a message that is not there says so', async () => {
  const { room, first } = await openRoom();
  const missing = { ...first, id: 'of another epoch' };
  room.quoted(missing);
  await settle();
  assert.equal(room.quoted(missing), null);
});

test('a quote that could not be read is read again after the next subscribe', async () => {
  const { room, server, first } = await openRoom();
  server.historyFaults.push(new CallError(100, 'internal server error', true));
  room.quoted(first);
  await settle();
  assert.equal(room.quoted(first), undefined);
  server.disconnect();
  assert.equal(room.quoted(first), undefined, 'nothing is read while offline');
  server.connect();
  await settle();
  assert.equal(room.quoted(first), undefined);
  await settle();
  assert.equal(textOf(room.quoted(first)), 'line 0');
});

test('a reading that a lost connection ends does not make its message missing', async () => {
  const { room, server, first } = await openRoom();
  room.quoted(first);
  await Promise.resolve();
  server.disconnect();
  server.connect();
  await settle();
  room.quoted(first);
  await settle();
  assert.equal(textOf(room.quoted(first)), 'line 0');
});

test('messages around a quoted one are read as they are now, and not put into the list', async () => {
  const { room, server, offsets, first } = await openRoom();
  server.publish(ROOM, { type: 'edit', target: first.offset, of: first.id, text: 'edited' }, 'bob', 'edit');
  await settle();
  const texts = (await room.around(offsets[30] ?? 0)).map(({ text }) => text);
  assert.deepEqual([texts.length, texts[0], texts.at(-1)], [50, 'line 6', 'line 55']);
  const start = await room.around(first.offset);
  assert.deepEqual([start.length, start[0]?.text, start[1]?.text], [26, 'edited', 'line 1']);
  assert.equal(room.messages.length, 50);
});
