import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../../client/call-error.ts';
import type { ListedRoom } from '../../../client/room-list.ts';
import { UnreadCounts } from '../../../client/unread-counts.ts';
import { FakeChatServer } from '../../support/chat/fake-chat-server.ts';
import { ManualClock } from '../../support/clocks/manual-clock.ts';
import { settle } from '../../support/clocks/settle.ts';

const [TEA, CAKE] = ['group:tea', 'group:cake'];
const listed = (room: string, n: number | null = null, state: ListedRoom['state'] = 'member') =>
  ({ room, n, state }) as ListedRoom;

/** Counts of ann, of a server that answers what a test says. */
function counts(known: Readonly<Record<string, boolean>> = { bob: false, eve: true }) {
  const clock = new ManualClock();
  const calls: string[] = [];
  const faults: CallError[] = [];
  const server: Record<string, { n: number | null; more?: boolean; upto?: number; mentions?: number }> = {};
  /** Called before each answer. */
  const answering = { first: () => undefined as unknown };
  const unread = new UnreadCounts({
    user: 'ann',
    clock,
    blocks: user => known[user] ?? null,
    async ask({ rooms }) {
      calls.push(rooms.map(room => room.slice('group:'.length)).join());
      await settle();
      answering.first();
      const fault = faults.shift();
      if (fault) throw fault;
      return { items: rooms.flatMap(room => (server[room] ? [{ room, mentions: null, ...server[room] }] : [])) };
    },
  });
  const chat = new FakeChatServer('ann', () => undefined);
  const nothing = () => undefined;
  const join = (room: string) =>
    unread.listening(chat).join(room, {
      subscribed: nothing,
      interrupted: nothing,
      ended: nothing,
      publication: nothing,
      joined: nothing,
      left: nothing,
    });
  chat.connect();
  unread.connected();
  join(TEA);
  const n = (room = TEA) => unread.of(room)?.n;
  const pass = async (ms: number) => {
    await clock.passSettling(ms);
    await settle();
  };
  return { clock, calls, faults, server, unread, chat, n, pass, answering };
}

test('rooms whose count the list lacks are asked for together, at most once a second and 100 at a time', async () => {
  const { unread, calls, server, n, pass } = counts();
  server[TEA] = { n: 3 };
  unread.listed([listed(TEA), listed(CAKE, 0), listed('group:in', null, 'invited')]);
  await pass(0);
  assert.deepEqual([calls, n(), n(CAKE), n('group:in')], [['tea'], 3, 0, undefined]);
  unread.want('group:other');
  unread.want(TEA);
  unread.want(CAKE);
  await pass(999);
  assert.equal(calls.length, 1);
  await pass(1);
  assert.deepEqual(calls, ['tea', 'tea,cake']);
  unread.listed(Array.from({ length: 150 }, (_, index) => listed(`group:${index}`)));
  await pass(1_000);
  await pass(1_000);
  assert.deepEqual(
    calls.slice(2).map(call => call.split(',').length),
    [100, 50],
  );
  assert.equal(n(), undefined, 'it is not in the list any more');
});

test('a message of another user counts at once, each once, and a blocked one does not; above 100 there are just more', async () => {
  const { unread, calls, chat, server, n, pass } = counts();
  unread.listed([listed(TEA, 0)]);
  const offset = chat.say(TEA, 'one');
  chat.say(TEA, 'own', 'ann');
  chat.say(TEA, 'blocked', 'eve');
  chat.event(TEA, 'typing', { user: 'bob', on: true });
  assert.equal(n(), 1);
  chat.append(TEA, { offset, type: 'message', data: {}, sender: { user: 'bob', client: '' } });
  assert.equal(n(), 1, 'it was delivered again');
  server[TEA] = { n: 100 };
  unread.want(TEA);
  await pass(1_000);
  chat.append(TEA, { offset: 1_000, type: 'message', data: {}, sender: { user: 'bob', client: '' } });
  assert.deepEqual(unread.of(TEA), { n: 100, more: true, mentions: 0 });
  await pass(10_000);
  assert.equal(calls.length, 1);
});

test('mentions of the user and of everybody count, those of others do not; an edit that may change them has them asked for', async () => {
  const { unread, calls, chat, server, pass } = counts();
  unread.listed([listed(TEA, 0)]);
  let offset = 10;
  const hear = (type: string, data: object, user = 'bob') =>
    chat.append(TEA, { offset: ++offset, type, data, sender: { user, client: '' } });
  const mentions = () => unread.of(TEA)?.mentions;
  hear('message', { mentions: ['ann', 'carl'] });
  hear('message', { mentions: ['carl'] });
  hear('message', { all: true });
  hear('message', { mentions: ['ann'] }, 'eve');
  hear('message', { mentions: ['ann'] }, 'ann');
  assert.deepEqual(unread.of(TEA), { n: 2 + 1, more: false, mentions: 2 });
  await pass(2_000);
  assert.deepEqual(calls, []);
  server[TEA] = { n: 3, mentions: 1, upto: offset };
  hear('edit', { text: 'nobody' });
  await pass(2_000);
  assert.deepEqual([calls.length, mentions()], [1, 1]);
  server[TEA] = { n: 100, more: true, mentions: 5 };
  unread.want(TEA);
  await pass(2_000);
  hear('message', { mentions: ['ann'] });
  assert.deepEqual(unread.of(TEA), { n: 100, more: true, mentions: 6 });
  unread.read(TEA);
  assert.equal(mentions(), 0);
  hear('edit', { mentions: ['ann'] });
  await pass(2_000);
  assert.equal(calls.length, 2, 'nothing is unread');
});

test('a message in the count that is delivered behind the answer counts once', async () => {
  const { unread, chat, server, n, pass } = counts();
  server[TEA] = { n: 1, upto: 20 };
  unread.listed([listed(TEA)]);
  await pass(0);
  chat.append(TEA, { offset: 20, type: 'message', data: {}, sender: { user: 'bob', client: '' } });
  assert.equal(n(), 1);
  chat.append(TEA, { offset: 21, type: 'message', data: {}, sender: { user: 'bob', client: '' } });
  assert.equal(n(), 2);
});

test('a message during a question has it asked again, and one of somebody of whom it is not known whether the user blocks them, later', async () => {
  const { unread, chat, calls, server, n, pass, answering } = counts();
  unread.listed([listed(TEA, 0)]);
  unread.want(TEA);
  server[TEA] = { n: 0 };
  answering.first = () => {
    answering.first = () => undefined;
    chat.say(TEA, 'late');
  };
  await pass(0);
  assert.deepEqual([calls.length, n()], [1, 1]);
  server[TEA] = { n: 1 };
  await pass(1_000);
  assert.deepEqual([calls.length, n()], [2, 1]);
  chat.say(TEA, 'hello', 'zoe');
  assert.equal(n(), 2);
  await pass(4_999);
  assert.equal(calls.length, 2);
  await pass(1);
  assert.deepEqual([calls.length, n()], [3, 1]);
});

test('what the user reads here ends a count at once; an answer from before the mark does not bring it back', async () => {
  const { unread, chat, server, calls, n, pass, answering } = counts();
  server[TEA] = { n: 5 };
  unread.listed([listed(TEA), listed(CAKE, 0)]);
  answering.first = () => unread.read(TEA);
  await pass(0);
  assert.equal(n(), 0);
  answering.first = () => undefined;
  unread.want(CAKE);
  await pass(5_000);
  assert.deepEqual(calls, ['tea', 'cake'], 'the server does not know the mark yet');
  chat.say(TEA, 'next');
  assert.equal(n(), 1);
  server[TEA] = { n: 1 };
  unread.settled(TEA);
  await pass(0);
  assert.deepEqual([calls.length, n()], [3, 1]);
});

test('a mark of another device, a delete, a hide and a block have a count asked for again', async () => {
  const { unread, chat, calls, server, pass } = counts();
  server[TEA] = { n: 3 };
  server[CAKE] = { n: 0 };
  unread.listed([listed(TEA), listed(CAKE, 0)]);
  await pass(0);
  unread.marked(TEA);
  unread.marked(CAKE);
  await pass(1_000);
  chat.publish(TEA, { type: 'delete', targets: [] }, 'bob', 'delete');
  await pass(1_000);
  unread.entry({ type: 'hide', data: { type: 'hide', room: TEA, targets: [] } });
  await pass(1_000);
  unread.entry({ type: 'contact', data: { act: 'request' } });
  unread.entry({ type: 'contact', data: { act: 'block' } });
  await pass(1_000);
  assert.deepEqual(calls, ['tea', 'tea', 'tea', 'tea', 'tea,cake']);
});

test('what the server cannot say is asked for again later; one that does not count is not asked until the next connection', async () => {
  const { unread, calls, faults, server, n, pass } = counts();
  server[TEA] = { n: null };
  unread.listed([listed(TEA)]);
  await pass(0);
  assert.equal(n(), undefined);
  faults.push(new CallError(100, 'internal server error', true));
  await pass(5_000);
  server[TEA] = { n: 2 };
  await pass(5_000);
  assert.deepEqual([calls.length, n()], [3, 2]);
  faults.push(new CallError(104, 'method not found', false));
  unread.want(TEA);
  await pass(60_000);
  assert.deepEqual([calls.length, n()], [4, 2]);
  unread.connected();
  await pass(0);
  assert.equal(calls.length, 5);
});

test('nothing is asked for while there is no connection, and what is owed with the next one', async () => {
  const { unread, calls, server, n, pass } = counts();
  server[TEA] = { n: 3 };
  unread.disconnected();
  unread.listed([listed(TEA)]);
  await pass(600_000);
  assert.deepEqual(calls, []);
  unread.connected();
  await pass(0);
  assert.deepEqual([calls, n()], [['tea'], 3]);
});

test('a room that has not changed since the last read of the list is not asked for again', async () => {
  const { unread, calls, server, pass } = counts();
  server[TEA] = { n: 3 };
  server[CAKE] = { n: 1 };
  const [tea, cake] = [listed(TEA), listed(CAKE)];
  unread.listed([tea, cake]);
  await pass(0);
  unread.listed([tea, listed(CAKE)]);
  await pass(5_000);
  assert.deepEqual(calls, ['tea,cake', 'cake']);
});
