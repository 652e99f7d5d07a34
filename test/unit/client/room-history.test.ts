import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../../client/call-error.ts';
import { Chat } from '../../../client/chat.ts';
import type { Room } from '../../../client/room.ts';
import { memoryStorage } from '../../../client/storage.ts';
import { FakeChatServer } from '../../support/chat/fake-chat-server.ts';
import { ManualClock } from '../../support/clocks/manual-clock.ts';
import { settle } from '../../support/clocks/settle.ts';

const ROOM = 'channel:general';
const AWAY = new CallError(100, 'the message store is unavailable', true);

/** A room of a gateway that folds messages, or of one that only has their history. */
function open(folds: boolean, said: number) {
  const clock = new ManualClock();
  let server: FakeChatServer | undefined;
  const chat = new Chat({
    user: 'alice',
    storage: memoryStorage(),
    clock,
    random: () => 0,
    transport: onConnection => {
      server = new FakeChatServer('alice', onConnection);
      return server;
    },
  });
  assert.ok(server);
  server.folds = folds;
  for (let number = 1; number <= said; number++) server.say(ROOM, String(number));
  return { chat, server, clock, room: chat.open(ROOM) };
}
type Start = (said?: number) => ReturnType<typeof open>;

function inBoth(name: string, run: (start: Start) => Promise<void>): void {
  test(`pages of folded messages: ${name}`, () => run((said = 0) => open(true, said)));
  test(`pages of history: ${name}`, () => run((said = 0) => open(false, said)));
}

const reads = ({ histories, lists }: FakeChatServer) => histories.length + lists.length;
const texts = (room: Room) => room.messages.map(({ text }) => text);
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

inBoth('a room begins with its newest page and goes back page by page to its first message', async start => {
  const { chat, room } = start(120);
  chat.connect();
  await settle();
  assert.deepEqual(texts(room), numbers(71, 120));
  await room.loadOlder();
  assert.deepEqual(texts(room), numbers(21, 120));
  await room.loadOlder();
  assert.equal(room.history.complete, false);
  await room.loadOlder();
  assert.deepEqual(texts(room), numbers(1, 120));
  assert.equal(room.history.complete, true);
});

test('pages without a message that are not the end are read on at once, the first one too', async () => {
  const { chat, room, server } = open(true, 400);
  server.leavesOut = text => Number(text) > 260 || (Number(text) > 20 && Number(text) <= 240);
  chat.connect();
  await settle();
  assert.deepEqual(texts(room), numbers(251, 260));
  await room.loadOlder();
  assert.deepEqual(texts(room), numbers(241, 260));
  await room.loadOlder();
  assert.deepEqual([texts(room), room.history.complete], [[...numbers(1, 20), ...numbers(241, 260)], false]);
  await room.loadOlder();
  assert.equal(room.history.complete, true);
});

inBoth('two requests for an older page read it once', async start => {
  const { chat, room, server } = start(120);
  chat.connect();
  await settle();
  const before = reads(server);
  const first = room.loadOlder();
  await room.loadOlder();
  assert.deepEqual(texts(room), numbers(21, 120), 'the second one ends with the page of the first');
  await first;
  assert.equal(reads(server) - before, 1);
});

inBoth('messages that come live while the first page is read are neither lost nor doubled', async start => {
  const { chat, room, server } = start(3);
  chat.connect();
  server.say(ROOM, '4');
  await settle();
  server.say(ROOM, '5');
  assert.deepEqual(texts(room), numbers(1, 5));
});

inBoth('what a reconnect recovers continues the timeline without reading history', async start => {
  const { chat, room, server } = start(3);
  chat.connect();
  await settle();
  server.disconnect();
  server.say(ROOM, '4');
  server.histories.length = 0;
  server.connect();
  await settle();
  assert.deepEqual(texts(room), numbers(1, 4));
  assert.deepEqual(server.histories, []);
});

inBoth(
  'what a reconnect could not recover is read from the last known offset, in pages, also past live messages',
  async start => {
    const { chat, room, server } = start(3);
    chat.connect();
    await settle();
    const held = server.log(ROOM).at(-1)?.offset ?? 0;
    server.disconnect();
    for (const text of numbers(4, 250)) server.say(ROOM, text);
    server.recovers = false;
    server.histories.length = 0;
    server.connect();
    server.say(ROOM, '251');
    await settle();
    assert.deepEqual(texts(room), numbers(1, 251));
    assert.deepEqual(server.histories[0], { limit: 100, since: { offset: held, epoch: 'epoch-1' } });
  },
);

inBoth('a gap that could not be read stays open over the next reconnect', async start => {
  const { chat, room, server, clock } = start(3);
  chat.connect();
  await settle();
  server.disconnect();
  server.say(ROOM, '4');
  server.recovers = false;
  server.historyFaults.push(AWAY);
  server.connect();
  server.say(ROOM, '5');
  await settle();
  assert.deepEqual(texts(room), ['1', '2', '3', '5']);
  server.disconnect();
  assert.deepEqual(clock.waiting, [], 'nothing is tried while the connection is away');
  server.recovers = true;
  server.connect();
  await settle();
  assert.deepEqual(texts(room), numbers(1, 5));
});

inBoth('a temporary error of the first page is tried again by itself', async start => {
  const { chat, room, server, clock } = start(3);
  server.historyFaults.push(AWAY, AWAY);
  chat.connect();
  await settle();
  assert.equal(room.history.error?.message, 'the message store is unavailable');
  clock.pass(250);
  await settle();
  clock.pass(500);
  await settle();
  assert.equal(room.history.error, null);
  assert.deepEqual(texts(room), numbers(1, 3));
});

inBoth('a temporary error of an older page is shown and leaves it to the reader to try again', async start => {
  const { chat, room, server } = start(60);
  chat.connect();
  await settle();
  server.historyFaults.push(AWAY);
  await room.loadOlder();
  assert.equal(room.history.error?.code, 100);
  assert.equal(room.history.loading, false);
  await room.loadOlder();
  assert.equal(room.history.error, null);
  assert.equal(room.messages.length, 60);
});

inBoth('a very long absence starts over with the newest page and keeps the way back', async start => {
  const { chat, room, server } = start(3);
  chat.connect();
  await settle();
  server.disconnect();
  for (const text of numbers(4, 1_500)) server.say(ROOM, text);
  server.recovers = false;
  server.connect();
  await settle();
  assert.deepEqual(texts(room), numbers(1_451, 1_500));
  await room.loadOlder();
  assert.deepEqual(texts(room), numbers(1_401, 1_500));
});

inBoth('a stream whose offsets began again replaces what was known', async start => {
  const { chat, room, server } = start(30);
  chat.connect();
  await settle();
  server.disconnect();
  server.startOver('epoch-2');
  server.say(ROOM, 'new world');
  server.recovers = false;
  server.connect();
  await settle();
  assert.deepEqual(texts(room), ['new world']);
});

inBoth('a new epoch whose offsets go on continues the timeline, also backwards', async start => {
  const { chat, room, server } = start(120);
  chat.connect();
  await settle();
  server.epoch = 'epoch-2';
  await room.loadOlder();
  assert.deepEqual(texts(room), numbers(21, 120));
});

inBoth('a page that was on its way when the connection changed has no say any more', async start => {
  const { chat, room, server } = start(120);
  chat.connect();
  await settle();
  const old = room.loadOlder();
  server.disconnect();
  server.startOver('epoch-2');
  server.say(ROOM, 'new world');
  server.recovers = false;
  server.connect();
  await old;
  await settle();
  assert.deepEqual(texts(room), ['new world']);
});
