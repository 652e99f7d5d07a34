import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CLOSES } from '../../../../../server/protocol/codes.ts';
import { Backlog } from '../../../../../server/transport/websocket/backlog.ts';
import { LimitedSocket } from '../../../../../server/transport/websocket/socket.ts';

const LIMIT = 100_000;
const KIB = 1024;

/** uWS's side of a socket, and what it was told. */
function open(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const told: string[] = [];
  const topics = new Set<string>();
  const pings: Uint8Array[] = [];
  const raw = {
    waiting: 0,
    send: (frame: string | Uint8Array) => told.push(`send ${frame.length}`),
    ping: (payload: Uint8Array) => pings.push(new Uint8Array(payload)),
    subscribe: (topic: string) => topics.add(topic),
    unsubscribe: (topic: string) => topics.delete(topic),
    getTopics: () => [...topics],
    getBufferedAmount: () => raw.waiting,
    end: (code: number) => {
      told.push(`end ${code}`);
      socket.gone(); // uWS closes at once
    },
    close: () => {
      told.push('cut');
      socket.gone();
    },
  };
  const unread: number[] = [];
  const backlog = new Backlog(bytes => void unread.push(bytes));
  const socket = new LimitedSocket(raw, 'json', LIMIT, backlog);
  const events: string[] = [];
  socket.handler = {
    message: () => undefined,
    flushed: () => void events.push('flushed'),
    overflowed: () => void events.push('overflowed'),
    closed: () => void events.push('closed'),
  };
  socket.subscribe('room');
  const pong = () => {
    const payload = pings.at(-1);
    assert.ok(payload);
    socket.ponged(payload);
  };
  return { raw, socket, told, topics, events, pings, pong, backlog, unread };
}

test('a socket whose reader keeps up is ended at once, and its end is told once', t => {
  const { socket, told, events, backlog } = open(t);
  socket.send('short');
  socket.end(CLOSES.shutdown);
  socket.end(CLOSES.slow);
  socket.gone();
  socket.send('late');
  assert.deepEqual([told, events, socket.buffered()], [['send 5', 'end 3001'], ['closed'], 0]);
  assert.equal(backlog.closing.size, 0);
});

test('a socket for which something waits leaves its topics at once, counts while it is closed, and tells why once all is read', t => {
  const { raw, socket, told, topics, events, backlog } = open(t);
  raw.waiting = 2 * LIMIT;
  socket.end(CLOSES.slow);
  socket.end(CLOSES.shutdown);
  socket.subscribe('another room');
  assert.deepEqual([told, events, topics.size], [[], ['closed'], 0]);
  assert.deepEqual([...backlog.closing], [socket]);
  assert.equal(socket.pending(), 2 * LIMIT);
  raw.waiting = 1;
  socket.flushed();
  assert.deepEqual([told, backlog.closing.size], [[], 1]);
  raw.waiting = 0;
  socket.flushed();
  assert.deepEqual([told, events, backlog.closing.size], [['end 3008'], ['closed'], 0]);
  t.mock.timers.tick(60_000);
  assert.deepEqual(told, ['end 3008']);
});

test('a reader that stays silent is cut', t => {
  const { raw, socket, told, events, backlog } = open(t);
  raw.waiting = 1;
  socket.end(CLOSES.slow);
  t.mock.timers.tick(14_999);
  assert.deepEqual(told, []);
  t.mock.timers.tick(1);
  assert.deepEqual([told, events, backlog.closing.size], [['cut'], ['closed'], 0]);
});

test('a reader that hangs up while it is waited for is not cut again', t => {
  const { raw, socket, told, backlog } = open(t);
  raw.waiting = 1;
  socket.end(CLOSES.slow);
  socket.gone();
  t.mock.timers.tick(60_000);
  assert.deepEqual([told, backlog.closing.size], [[], 0]);
});

test('a connection that holds too much is cut without a word, and holds nothing any more', t => {
  const { raw, socket, told, events, pings, unread } = open(t);
  raw.waiting = LIMIT;
  socket.send('x'.repeat(5 * KIB));
  socket.cut();
  assert.deepEqual([told.at(-1), events, socket.pending(), pings.length], ['cut', ['closed'], 0, 1]);
  assert.deepEqual(unread, [5 * KIB]);
});

test('at the end of the process the sockets that wait are told why if that can be queued, and cut if not', t => {
  const { raw, socket, told, backlog } = open(t);
  raw.waiting = LIMIT;
  socket.end(CLOSES.shutdown);
  backlog.endClosing();
  assert.deepEqual([told, backlog.closing.size], [['end 3001'], 0]);
  t.mock.timers.reset();
  const other = open(t);
  other.raw.waiting = LIMIT + 1;
  other.socket.end(CLOSES.shutdown);
  other.backlog.endClosing();
  assert.deepEqual([other.told, other.backlog.closing.size], [['cut'], 0]);
});

test('after a frame was dropped nothing follows it, and the session hears of it', t => {
  const { raw, socket, told, events } = open(t);
  socket.send('first');
  raw.waiting = LIMIT + 1;
  socket.markOverflow();
  socket.send('a frame the reader would take for the next');
  socket.overflowed();
  assert.deepEqual([told, events], [['send 5'], ['overflowed']]);
});

test('a socket that is read says so while it is open', t => {
  const { socket, events } = open(t);
  socket.flushed();
  socket.gone();
  socket.flushed();
  assert.deepEqual(events, ['flushed', 'closed']);
});

test('from 4 KiB on the reader is asked for a sign, one at a time, and what it has not answered is unread', t => {
  const { socket, pings, pong, events } = open(t);
  socket.send('x'.repeat(4 * KIB - 1));
  assert.deepEqual([pings.length, socket.unread()], [0, 0]);
  socket.send('x');
  socket.send('é'.repeat(5 * KIB));
  assert.deepEqual([pings.length, socket.unread()], [1, 14 * KIB]);
  pong();
  assert.deepEqual([pings.length, socket.unread(), events], [2, 10 * KIB, ['flushed']]);
  assert.notDeepEqual(pings[0], pings[1]);
  pong();
  assert.deepEqual([pings.length, socket.unread()], [2, 0]);
});

test('a pong that answers no ping, an old one or another one, is no sign', t => {
  const { socket, pings, pong } = open(t);
  socket.ponged(new Uint8Array(6));
  socket.send('x'.repeat(5 * KIB));
  const first = pings[0] ?? new Uint8Array();
  pong();
  socket.send('x'.repeat(5 * KIB));
  for (const payload of [first, new Uint8Array(), new Uint8Array(6), new Uint8Array(125)]) socket.ponged(payload);
  assert.equal(socket.unread(), 5 * KIB);
});

test('what is unread in all sockets is added up, and what a socket had is gone with it', t => {
  const { socket, backlog, pong, unread } = open(t);
  backlog.add(KIB); // of another one
  socket.send('x'.repeat(5 * KIB));
  socket.send('x'.repeat(3 * KIB));
  pong();
  assert.deepEqual(unread, [KIB, 6 * KIB, 9 * KIB]);
  socket.send('x'.repeat(KIB + 1));
  assert.equal(socket.unread(), 4 * KIB + 1); // with the 3 KiB it was not asked for
  socket.gone();
  socket.gone();
  backlog.add(KIB);
  assert.equal(unread.at(-1), 2 * KIB);
});

test('a socket whose bytes may be unread is ended once its reader has answered', t => {
  const { socket, told, pong, backlog, pings } = open(t);
  socket.send('x'.repeat(5 * KIB));
  socket.send('x'.repeat(5 * KIB));
  socket.end(CLOSES.expired);
  socket.send('late');
  assert.deepEqual([told.length, backlog.closing.size, socket.pending()], [2, 1, 10 * KIB]);
  pong();
  assert.deepEqual([told.length, pings.length], [2, 2]);
  pong();
  assert.deepEqual([told.at(-1), backlog.closing.size], ['end 3005', 0]);
});
