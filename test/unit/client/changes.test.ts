import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../../client/call-error.ts';
import { countOf, type Message } from '../../../client/message.ts';
import type { Room } from '../../../client/room.ts';
import type { Mentions } from '../../../server/fold/mentions.ts';
import { offlineChat } from '../../support/chat/offline-chat.ts';
import { settle } from '../../support/clocks/settle.ts';

const ROOM = 'channel:general';
const GONE = new CallError(404, 'not found', false);

/** A room in which alice has written `mine` and bob `theirs`. */
async function openRoom(from = offlineChat()) {
  const room = from.chat.open(ROOM);
  from.chat.connect();
  await settle();
  if (room.messages.length === 0) {
    room.send('mine');
    await settle();
    from.server.say(ROOM, 'theirs');
  }
  const [mine, theirs] = room.messages;
  assert.ok(mine && theirs);
  return { ...from, room, mine, theirs };
}
const shown = (room: Room) => room.messages.map(({ text, deleted }) => (deleted > 0 ? 'deleted' : text));
const reactions = (message: Message | undefined) =>
  message?.reactions.map(({ emoji, users }) => `${emoji} ${users.map(({ user }) => user).join()}`);

test('an edit shows at once and counts as an edit once it is stored', async () => {
  const { room, mine, server } = await openRoom();
  room.edit(mine, 'my own');
  assert.deepEqual(shown(room), ['my own', 'theirs']);
  assert.equal(room.messages[0]?.rev, mine.rev);
  await settle();
  assert.deepEqual(room.changes, []);
  assert.deepEqual([shown(room), room.messages[0]?.rev], [['my own', 'theirs'], server.log(ROOM).at(-1)?.offset]);
});

test('a refused edit gives the text back, keeps what was written, and can be made again or discarded', async () => {
  const { room, mine, server, chat } = await openRoom();
  server.sendFaults.push(GONE);
  room.edit(mine, 'my own');
  await settle();
  assert.deepEqual(shown(room), ['mine', 'theirs']);
  const [refused] = room.changes;
  assert.deepEqual(refused?.refusal, { code: 404, reason: 'not found' });
  assert.ok(refused);
  chat.resend(refused);
  await settle();
  assert.deepEqual([shown(room), room.changes], [['my own', 'theirs'], []]);
  server.sendFaults.push(GONE);
  room.edit(mine, 'no');
  await settle();
  const [again] = room.changes;
  assert.ok(again);
  chat.discard(again);
  assert.deepEqual([shown(room), room.changes], [['my own', 'theirs'], []]);
});

test('a second attempt replaces the refused one', async () => {
  const { room, mine, theirs, server } = await openRoom();
  server.sendFaults.push(GONE, GONE);
  room.edit(mine, 'one');
  room.react(theirs, '👍', true);
  await settle();
  assert.equal(room.changes.length, 2);
  room.edit(mine, 'two');
  room.react(theirs, '👍', true);
  await settle();
  assert.deepEqual([room.changes, shown(room)], [[], ['two', 'theirs']]);
});

test('a delete is shown as one only when it is stored', async () => {
  const { room, mine, server } = await openRoom();
  server.sendFaults.push(new CallError(111, 'too many requests', true));
  room.delete([mine]);
  await settle();
  assert.deepEqual([shown(room), room.changes.length], [['mine', 'theirs'], 1]);
  server.disconnect();
  server.connect();
  await settle();
  assert.deepEqual([shown(room), room.changes.length], [['deleted', 'theirs'], 0]);
});

test('a delete that is refused for now is sent again, and does not hold up what is written after it', async () => {
  const { room, mine, server } = await openRoom();
  server.sendFaults.push(new CallError(100, 'internal server error', true));
  room.delete([mine]);
  room.send('after it');
  await settle();
  assert.deepEqual([shown(room), room.changes.length], [['mine', 'theirs', 'after it'], 1]);
  assert.equal(room.outgoing.length, 0);
  room.send('and more');
  await settle();
  assert.deepEqual([shown(room), room.changes.length], [['mine', 'theirs', 'after it', 'and more'], 1]);
  server.disconnect();
  server.connect();
  await settle();
  assert.deepEqual([shown(room)[0], room.changes.length], ['deleted', 0]);
});

test('more messages than one call takes are deleted by several calls', async () => {
  const { room, server } = await openRoom();
  const many = Array.from({ length: 150 }, (_, index) => ({ offset: 1_000 + index, id: `id-${index}` }));
  assert.equal(room.delete(many).length, 2);
  await settle();
  const sizes = server.sends.map(sent => (sent as unknown as { targets?: unknown[] }).targets?.length);
  assert.deepEqual(sizes.slice(-2), [100, 50]);
});

test('a reaction is put on and taken off at once, also beside those of others', async () => {
  const { room, theirs, server } = await openRoom();
  const entry = { type: 'reaction', target: theirs.offset, of: theirs.id, emoji: '👍', on: true };
  server.publish(ROOM, entry, 'bob', 'reaction');
  const after = () => reactions(room.messages[1]);
  room.react(theirs, '👍', true);
  room.react(theirs, '🎉', true);
  assert.deepEqual(after(), ['👍 bob,alice', '🎉 alice']);
  await settle();
  assert.deepEqual(after(), ['👍 bob,alice', '🎉 alice']);
  room.react(theirs, '👍', false);
  room.react(theirs, '🎉', false);
  assert.deepEqual(after(), ['👍 bob']);
  await settle();
  assert.deepEqual([after(), room.changes], [['👍 bob'], []]);
});

test('changes made offline survive a reload and are sent once, in order, with their first ids', async () => {
  const first = await openRoom();
  const { room, mine, theirs, server, storage } = first;
  server.disconnect();
  const made = [
    room.edit(mine, 'one'),
    room.react(theirs, '👍', true),
    room.edit(mine, 'two'),
    ...room.delete([theirs]),
  ];
  assert.deepEqual(shown(room), ['two', 'theirs']);

  const again = offlineChat(storage);
  for (const { data, sender, type } of server.log(ROOM))
    again.server.publish(ROOM, data, sender?.user, type ?? undefined);
  const reopened = again.chat.open(ROOM);
  assert.deepEqual(reopened.changes, made);
  again.chat.connect();
  await settle();
  assert.deepEqual(
    again.server.sends.map(({ id }) => id),
    made.map(({ id }) => id),
  );
  assert.deepEqual([reopened.changes, shown(reopened)], [[], ['two', 'deleted']]);
  assert.deepEqual(storage.keys('chatcluster/outbox/'), []);
});

test('a change whose answer was lost is sent again with its id and stored once', async () => {
  const { room, mine, server } = await openRoom();
  const before = server.log(ROOM).length;
  server.sendFaults.push('lost');
  room.edit(mine, 'once');
  await settle();
  server.disconnect();
  server.connect();
  await settle();
  assert.deepEqual([server.log(ROOM).length - before, shown(room)], [1, ['once', 'theirs']]);
});

test('a reply carries offset and id of the message it answers and nothing else of it', async () => {
  const { room, theirs, server } = await openRoom();
  room.send('yes', { replyTo: theirs });
  const reference = { offset: theirs.offset, id: theirs.id };
  assert.deepEqual(room.outgoing[0]?.replyTo, reference);
  await settle();
  assert.deepEqual((server.sends.at(-1) as { replyTo?: unknown }).replyTo, reference);
  assert.deepEqual(room.messages.at(-1)?.replyTo, reference);
});

test('a text is sent with whom it mentions, and an edit keeps them unless it names others', async () => {
  const { room, server } = await openRoom();
  const said = ({ mentions, all }: Mentions = {}) => ({ mentions, all });
  room.send('tea, @bob?', { mentions: ['bob'], all: true });
  await settle();
  const both = { mentions: ['bob'], all: true };
  assert.deepEqual([said(server.sends.at(-1) as Mentions), said(room.messages.at(-1))], [both, both]);
  const sent = room.messages.at(-1) ?? assert.fail();
  room.edit(sent, 'coffee, @bob?');
  assert.deepEqual(said(room.messages.at(-1)), both);
  await settle();
  assert.deepEqual(said(room.messages.at(-1)), both);
  room.edit(sent, 'coffee, @eve?', { mentions: ['eve'] });
  const other = { mentions: ['eve'], all: undefined };
  assert.deepEqual(said(room.messages.at(-1)), other);
  await settle();
  assert.deepEqual([said(room.messages.at(-1)), room.changes], [other, []]);
});

test('a deleted message of another user is not unread', async () => {
  const { room, server } = await openRoom();
  room.markRead();
  const target = server.say(ROOM, 'oops');
  assert.equal(room.unread, 1);
  server.publish(ROOM, { type: 'delete', targets: [{ target, of: 'id-of-oops' }] }, 'bob', 'delete');
  assert.equal(room.unread, 0);
});

test('a reaction of a user whom the page counted without a name is counted anew', async () => {
  const from = offlineChat();
  const { server, clock } = from;
  server.named = 2;
  const target = server.say(ROOM, 'vote');
  const vote = (user: string, on: boolean) =>
    server.publish(ROOM, { type: 'reaction', target, of: 'id-of-vote', emoji: '👍', on }, user, 'reaction');
  for (const user of ['u1', 'u2', 'u3', 'u4']) vote(user, true);
  const room = from.chat.open(ROOM);
  from.chat.connect();
  await settle();
  const counts = () => room.messages[0]?.reactions.map(countOf);
  assert.deepEqual(counts(), [4]);
  vote('u1', false);
  assert.deepEqual([counts(), clock.waiting], [[3], []], 'a named user needs no reading');
  vote('u3', false);
  vote('u4', true);
  assert.deepEqual(clock.waiting, [4_500]);
  clock.pass(4_500);
  await settle();
  assert.deepEqual([counts(), server.gets.length], [[2], 1]);
});
