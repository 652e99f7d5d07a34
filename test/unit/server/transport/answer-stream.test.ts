import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LimitedStream, PIECE_BYTES } from '../../../../server/transport/answer-stream.ts';
import { Backlog } from '../../../../server/transport/websocket/backlog.ts';

const LIMIT = 4 * PIECE_BYTES;
const piece = (letter: string) => letter.repeat(PIECE_BYTES);

/** uWS's side of an answer: what it was given, and how many pieces the kernel still takes. */
function open() {
  const given: string[] = [];
  const raw = {
    takes: Number.POSITIVE_INFINITY,
    corks: 0,
    ended: 0,
    cork(run: () => void) {
      raw.corks += 1;
      run();
    },
    write(part: string | Uint8Array) {
      given.push(Buffer.from(part as string).toString());
      raw.takes -= 1;
      return raw.takes >= 0;
    },
    end() {
      raw.ended += 1;
    },
    close() {
      stream.gone();
    },
  };
  const backlog = new Backlog(() => undefined);
  const stream = new LimitedStream(raw, LIMIT, backlog);
  const events: string[] = [];
  stream.open({ flushed: () => void events.push('flushed'), closed: () => void events.push('closed') });
  return { raw, stream, given, events, backlog };
}

test('pieces go to the client as they come while it reads, and nothing of them waits', () => {
  const { raw, stream, given, events } = open();
  assert.deepEqual([stream.write('a'), stream.write(''), stream.write(Buffer.from('b'))], [true, true, true]);
  stream.end('c');
  assert.deepEqual([given, raw.ended, events, stream.buffered()], [['a', 'b', 'c'], 1, ['closed'], 0]);
  assert.deepEqual([stream.write('d'), given.length], [false, 3]);
  stream.end();
  assert.equal(raw.ended, 1);
});

test('what a reader does not take waits, counts, and goes on in order when it reads', () => {
  const { raw, stream, given, events } = open();
  raw.takes = 0;
  for (const letter of ['a', 'b', 'c']) assert.equal(stream.write(piece(letter)), true);
  assert.deepEqual([given.length, stream.buffered()], [1, 3 * PIECE_BYTES]);
  raw.takes = 1;
  stream.writable();
  assert.deepEqual([given.length, stream.buffered(), events], [3, 2 * PIECE_BYTES, ['flushed']]);
  raw.takes = 9;
  stream.writable();
  assert.deepEqual([given.map(text => text[0]), stream.buffered()], [['a', 'b', 'c'], 0]);
});

test('uWS writes what it kept also where nothing else is to be written', () => {
  const { raw, stream } = open();
  raw.takes = 0;
  stream.write('a');
  const before = raw.corks;
  stream.writable();
  assert.equal(raw.corks, before + 1);
});

test('above the limit nothing is taken any more, also when the reader catches up: no gap', () => {
  const { raw, stream, given, events } = open();
  raw.takes = 0;
  const taken = Array.from({ length: 7 }, () => stream.write(piece('x')));
  assert.deepEqual(taken, [true, true, true, true, true, false, false]);
  assert.ok(stream.buffered() <= LIMIT + PIECE_BYTES);
  raw.takes = 9;
  stream.writable();
  assert.equal(stream.write('late'), false);
  stream.end('the reason');
  assert.deepEqual([given.length, given.at(-1), events], [6, 'the reason', ['flushed', 'closed']]);
});

test('an end waits for its reader, counts meanwhile, and is told at once', () => {
  const { raw, stream, given, events, backlog } = open();
  raw.takes = 0;
  stream.write(piece('a'));
  stream.end('last');
  assert.deepEqual([events, raw.ended, backlog.closing.size], [['closed'], 0, 1]);
  assert.equal([...backlog.closing][0]?.pending(), PIECE_BYTES + 4);
  raw.takes = 9;
  stream.writable();
  assert.deepEqual([given.at(-1), raw.ended, backlog.closing.size, events], ['last', 1, 0, ['closed']]);
});

test('a stream that is cut gives up what waits', () => {
  const { raw, stream, events, backlog } = open();
  raw.takes = 0;
  for (const letter of ['a', 'b']) stream.write(piece(letter));
  stream.end();
  assert.equal(backlog.closing.size, 1);
  backlog.endClosing();
  assert.deepEqual([stream.buffered(), backlog.closing.size, raw.ended, events], [0, 0, 0, ['closed']]);
});

test('a large piece is handed over in parts', () => {
  const { raw, stream, given } = open();
  raw.takes = 1;
  assert.equal(stream.write('é'.repeat(PIECE_BYTES)), true);
  assert.deepEqual(given.map(part => Buffer.byteLength(part)).slice(0, 1), [PIECE_BYTES]);
  assert.equal(stream.buffered(), 2 * PIECE_BYTES);
});

test('an end that comes before anybody listens is told when somebody does', () => {
  const { raw } = open();
  const stream = new LimitedStream(raw, LIMIT, new Backlog(() => undefined));
  stream.gone();
  let closed = 0;
  const closes = () => {
    closed += 1;
  };
  stream.open({ flushed: () => undefined, closed: closes });
  stream.gone();
  assert.equal(closed, 1);
});
