import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../../client/call-error.ts';
import type { Room } from '../../../client/room.ts';
import { memoryStorage } from '../../../client/storage.ts';
import { uuid7Time } from '../../../client/uuid7.ts';
import { offlineChat as start } from '../../support/chat/offline-chat.ts';
import type { ManualClock } from '../../support/clocks/manual-clock.ts';
import { settle } from '../../support/clocks/settle.ts';

const ROOM = 'channel:general';
const BUSY = new CallError(111, 'too many requests', true);

const texts = (room: Room) => room.messages.map(({ text }) => text);
const waiting = (room: Room) => room.outgoing.map(({ text }) => text);

test('messages written offline survive a reload and are sent once, in order, with their first ids', async () => {
  const { chat, storage } = start();
  const written = ['one', 'two', 'three'].map(text => chat.open(ROOM).send(text));
  const reloaded = start(storage);
  const room = reloaded.chat.open(ROOM);
  assert.deepEqual(waiting(room), ['one', 'two', 'three']);
  reloaded.chat.connect();
  await settle();
  assert.deepEqual(
    reloaded.server.sends.map(({ id }) => id),
    written.map(({ id }) => id),
  );
  assert.deepEqual(texts(room), ['one', 'two', 'three']);
  assert.deepEqual(waiting(room), []);
  assert.deepEqual(storage.keys('chatcluster/outbox/'), []);
});

test('a message carries an id that tells when it was written', () => {
  const { chat, clock } = start();
  clock.pass(1_234);
  assert.equal(uuid7Time(chat.open(ROOM).send('hello').id), clock.wallClock());
});

const AHEAD = new CallError(107, "id is ahead of the server's time", false);
const HOUR_MS = 3_600_000;

/** A server whose time is right, for a machine whose clock is not. */
function serverTime(clock: ManualClock, machineAheadMs: number): () => number {
  const real = clock.wallClock() - machineAheadMs - clock.now();
  return () => real + clock.now();
}

test("ids carry the server's time from the connect on, whatever the machine believes", async () => {
  const { chat, server, clock } = start();
  server.time = serverTime(clock, HOUR_MS);
  chat.connect();
  await settle();
  clock.pass(5_000);
  clock.setWall(-7 * HOUR_MS);
  const sent = chat.open(ROOM).send('hello');
  assert.deepEqual([uuid7Time(sent.id), sent.time], [server.time(), server.time()]);
});

test('messages written offline by a fast clock are refused once, get new ids, and arrive once and in order', async () => {
  const storage = memoryStorage();
  const earlier = start(storage);
  const old = earlier.chat.open(ROOM).send('one');
  const { chat, server, clock } = start(storage);
  server.time = serverTime(clock, HOUR_MS);
  server.refuses = ({ id }) => ((uuid7Time(id) ?? 0) > (server.time() ?? 0) + 60_000 ? AHEAD : null);
  const room = chat.open(ROOM);
  room.send('two');
  chat.connect(); // from here on new ids carry the server's time: they must not overtake
  room.send('three');
  const other = chat.open('channel:other');
  other.send('elsewhere');
  await settle();
  assert.deepEqual([texts(room), texts(other)], [['one', 'two', 'three'], ['elsewhere']]);
  assert.deepEqual([room.outgoing, storage.keys('chatcluster/outbox/')], [[], []]);
  assert.deepEqual(
    server.sends.map(({ text }) => text),
    ['one', 'elsewhere', 'one', 'two', 'three'],
  );
  assert.ok(server.sends.at(-1)?.id !== old.id);
});

test('another 107, or one for an id that is not ahead, is final', async () => {
  const { chat, server, clock } = start();
  server.time = serverTime(clock, 0);
  const room = chat.open(ROOM);
  chat.connect();
  await settle();
  server.sendFaults.push(AHEAD);
  room.send('x');
  await settle();
  assert.equal(room.outgoing[0]?.refusal?.code, 107);
  assert.equal(server.sends.length, 1);
});

test('a message whose answer was lost is sent again with its id and appears once', async () => {
  const { chat, server, clock } = start();
  const room = chat.open(ROOM);
  chat.connect();
  await settle();
  server.sendFaults.push('lost', 'lost');
  room.send('once');
  await settle();
  clock.pass(1_000);
  await settle();
  clock.pass(2_000);
  await settle();
  assert.equal(server.sends.length, 3);
  assert.equal(new Set(server.sends.map(({ id }) => id)).size, 1);
  assert.deepEqual(texts(room), ['once']);
  assert.deepEqual(waiting(room), []);
});

test('temporary errors are tried again later and later, and the messages behind wait their turn', async () => {
  const { chat, server, clock } = start();
  const room = chat.open(ROOM);
  chat.connect();
  await settle();
  server.sendFaults.push(BUSY, BUSY, BUSY);
  room.send('first');
  room.send('second');
  const delays: number[] = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    await settle();
    delays.push(...clock.waiting);
    clock.pass(20_000);
  }
  await settle();
  assert.deepEqual(delays, [375, 750, 1_500]);
  assert.deepEqual(texts(room), ['first', 'second']);
});

test('a message that went through forgets the failures before it', async () => {
  const { chat, server, clock } = start();
  const room = chat.open(ROOM);
  chat.connect();
  await settle();
  server.sendFaults.push(BUSY, BUSY);
  room.send('first');
  await settle();
  clock.pass(375);
  await settle();
  clock.pass(750);
  await settle();
  server.sendFaults.push(BUSY);
  room.send('second');
  await settle();
  assert.deepEqual(texts(room), ['first']);
  assert.deepEqual(clock.waiting, [375]);
});

test('a final error stands at its message while the next one goes, until it is resent or discarded', async () => {
  const { chat, server } = start();
  const room = chat.open(ROOM);
  chat.connect();
  await settle();
  server.sendFaults.push(new CallError(107, 'text is too long', false));
  const refused = room.send('too long');
  room.send('fine');
  await settle();
  assert.deepEqual(texts(room), ['fine']);
  assert.deepEqual(
    room.outgoing.map(({ text, refusal }) => ({ text, refusal })),
    [{ text: 'too long', refusal: { code: 107, reason: 'text is too long' } }],
  );
  chat.discard(refused);
  assert.equal(room.outgoing.length, 1, 'a stale entry without the refusal discards nothing');
  const [entry] = room.outgoing;
  assert.ok(entry);
  chat.resend(entry);
  await settle();
  assert.equal(server.sends.at(-1)?.id, refused.id);
  assert.deepEqual(texts(room), ['fine', 'too long']);
});

test('a connection lost while sending sends the rest when it is back, without waiting out the retry', async () => {
  const { chat, server, clock } = start();
  const room = chat.open(ROOM);
  chat.connect();
  await settle();
  server.sendFaults.push(BUSY);
  room.send('held back');
  await settle();
  server.disconnect();
  assert.deepEqual(clock.waiting, []);
  server.connect();
  await settle();
  assert.deepEqual(texts(room), ['held back']);
});

test('rooms do not wait for each other', async () => {
  const { chat, server } = start();
  const [slow, quick] = [chat.open(ROOM), chat.open('channel:other')];
  chat.connect();
  await settle();
  server.sendFaults.push(BUSY);
  slow.send('held back');
  quick.send('through');
  await settle();
  assert.deepEqual(waiting(slow), ['held back']);
  assert.deepEqual(texts(quick), ['through']);
});

test('unread counts what others wrote after the mark, over a reload', async () => {
  const { chat, server, storage } = start();
  server.say(ROOM, 'before');
  const room = chat.open(ROOM);
  chat.connect();
  await settle();
  assert.equal(room.unread, 0, 'a room that is new to the user begins as read');
  server.say(ROOM, 'theirs');
  room.send('mine');
  await settle();
  assert.equal(room.unread, 1);

  const again = start(storage);
  for (const { data, sender, type } of server.log(ROOM))
    again.server.publish(ROOM, data, sender?.user, type ?? undefined);
  const reopened = again.chat.open(ROOM);
  again.chat.connect();
  await settle();
  assert.equal(reopened.unread, 1);
  reopened.markRead();
  assert.equal(reopened.unread, 0);
});

test('people are counted once, however many connections they have', async () => {
  const { chat, server } = start();
  server.members = [
    { user: 'bob', client: '1' },
    { user: 'alice', client: '2' },
    { user: 'bob', client: '3' },
  ];
  const room = chat.open(ROOM);
  assert.equal(room.users, null);
  chat.connect();
  await settle();
  await room.refreshMembers();
  assert.deepEqual(room.users, [
    { user: 'alice', connections: 1 },
    { user: 'bob', connections: 2 },
  ]);
});

test('a room with more people than gateways list is counted, and listed again once it is smaller', async () => {
  const { chat, server } = start();
  server.members = ['1', '2', '3'].map(client => ({ user: `user-${client}`, client }));
  const room = chat.open(ROOM);
  chat.connect();
  await settle();
  await room.refreshMembers();
  assert.deepEqual([room.users?.length, room.userCount], [3, 3]);
  server.mostListed = 2;
  await room.refreshMembers();
  assert.deepEqual([room.users, room.userCount, room.usersError], [null, 3, null]);
  server.mostListed = 3;
  await room.refreshMembers();
  assert.deepEqual([room.users?.length, room.userCount], [3, 3]);
});

test('somebody who speaks without being known to be here makes the room ask, at most every two seconds', async () => {
  const { chat, server, clock } = start();
  const room = chat.open(ROOM);
  chat.connect();
  await settle();
  await room.refreshMembers();
  assert.deepEqual(room.users, []);
  server.members = [{ user: 'bob', client: 'bob-1' }];
  server.say(ROOM, 'I am new');
  server.say(ROOM, 'here');
  assert.deepEqual(clock.waiting, [2_000]);
  clock.pass(2_000);
  await settle();
  assert.deepEqual(room.users, [{ user: 'bob', connections: 1 }]);
  server.say(ROOM, 'now known');
  assert.deepEqual(clock.waiting, []);
});

test('what the user has read goes to the server up to the last message, and comes from other devices', async () => {
  const { chat, server } = start();
  const room = chat.open(ROOM);
  chat.connect();
  await settle();
  const last = server.say(ROOM, 'hello');
  await settle();
  assert.equal(room.unread, 1);
  room.markRead();
  room.markRead();
  await settle();
  assert.deepEqual(server.marks, [{ room: ROOM, read: last }]);
  const next = server.say(ROOM, 'again');
  await settle();
  assert.equal(room.unread, 1);
  let changes = 0;
  room.changed.add(() => {
    changes += 1;
  });
  server.message({ type: 'mark', room: ROOM, read: next, delivered: next });
  assert.deepEqual([room.unread, changes], [0, 1]);
  room.markRead();
  await settle();
  assert.equal(server.marks.length, 1);
});
