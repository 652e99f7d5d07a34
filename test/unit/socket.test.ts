import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CLOSES } from '../../server/protocol/codes.ts';
import { LimitedSocket } from '../../server/socket/socket.ts';

const LIMIT = 1_000;

/** uWS's side of a socket, and what it was told. */
function open(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const told: string[] = [];
  const topics = new Set<string>();
  const raw = {
    waiting: 0,
    send: (frame: string | Uint8Array) => told.push(`send ${String(frame)}`),
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
  const socket = new LimitedSocket(raw, 'json', LIMIT);
  const events: string[] = [];
  socket.handler = {
    message: () => undefined,
    drained: () => void events.push('drained'),
    overflowed: () => void events.push('overflowed'),
    closed: () => void events.push('closed'),
  };
  socket.subscribe('room');
  return { raw, socket, told, topics, events };
}

test('a socket whose reader keeps up is ended at once, and its end is told once', t => {
  const { socket, told, events } = open(t);
  socket.end(CLOSES.shutdown);
  socket.end(CLOSES.slow);
  socket.gone();
  socket.send('late');
  assert.deepEqual([told, events, socket.buffered()], [['end 3001'], ['closed'], 0]);
});

test('a socket for which too much waits leaves its topics at once, and is told why it ends once the reader has read', t => {
  const { raw, socket, told, topics, events } = open(t);
  raw.waiting = LIMIT + 1;
  socket.end(CLOSES.slow);
  assert.deepEqual([told, events, topics.size], [[], ['closed'], 0]);
  raw.waiting = LIMIT + 1;
  socket.drained();
  assert.deepEqual(told, []);
  raw.waiting = LIMIT;
  socket.drained();
  assert.deepEqual([told, events], [['end 3008'], ['closed']]);
  t.mock.timers.tick(60_000);
  assert.deepEqual(told, ['end 3008']);
});

test('a reader that stays silent is cut', t => {
  const { raw, socket, told, events } = open(t);
  raw.waiting = LIMIT + 1;
  socket.end(CLOSES.slow);
  t.mock.timers.tick(14_999);
  assert.deepEqual(told, []);
  t.mock.timers.tick(1);
  assert.deepEqual([told, events], [['cut'], ['closed']]);
});

test('a reader that hangs up while it is waited for is not cut again', t => {
  const { raw, socket, told } = open(t);
  raw.waiting = LIMIT + 1;
  socket.end(CLOSES.slow);
  socket.gone();
  t.mock.timers.tick(60_000);
  assert.deepEqual(told, []);
});

test('after a frame was dropped nothing follows it, and the session hears of it', t => {
  const { raw, socket, told, events } = open(t);
  socket.send('first');
  raw.waiting = LIMIT + 1;
  socket.markOverflow();
  socket.send('a frame the reader would take for the next');
  socket.handleOverflow();
  assert.deepEqual([told, events], [['send first'], ['overflowed']]);
});

test('a socket that is read says so while it is open', t => {
  const { socket, events } = open(t);
  socket.drained();
  socket.gone();
  socket.drained();
  assert.deepEqual(events, ['drained', 'closed']);
});
