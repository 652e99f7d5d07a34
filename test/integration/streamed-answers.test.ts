import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import WebSocket from 'ws';
import { CLOSES } from '../../server/protocol/codes.ts';
import { jsonCodec } from '../../server/protocol/json.ts';
import { protobufCodec } from '../../server/protocol/protobuf.ts';
import { fanOut } from '../../server/room/fan-out.ts';
import { MAX_BODY_BYTES, type Route } from '../../server/transport/answer.ts';
import type { AnswerStream } from '../../server/transport/answer-stream.ts';
import { type Framing, StreamSocket } from '../../server/transport/stream-socket.ts';
import { type Listener, listen } from '../../server/transport/uws.ts';
import type { Socket, SocketHandler } from '../../server/transport/websocket/socket.ts';
import { until } from '../../tools/support/until.ts';
import { ask } from '../support/chat/raw-http.ts';

const PATH = '/connection/websocket';
const SEND_BUFFER_BYTES = 256 * 1024;
const ROOM = 'channel:one';
const MESSAGE_BYTES = 4_000;

/** A listener whose WebSockets, and whose answers to `/stream`, take part in one room. */
async function start(t: TestContext, routes: Readonly<Record<string, Route>> = {}) {
  const sockets: Socket[] = [];
  const events: string[] = [];
  const enter = (kind: string, socket: Socket): SocketHandler => {
    sockets.push(socket);
    return {
      message: () => undefined,
      flushed: () => void events.push(`${kind} flushed`),
      overflowed: () => {
        events.push(`${kind} overflowed`);
        socket.end(CLOSES.slow);
      },
      closed: () => void events.push(`${kind} closed`),
    };
  };
  const framing: Framing = { frame: frame => `${frame}\n`, close: close => `end ${close.code}\n` };
  const streamed: Route = {
    answer: () => ({
      status: '200 OK',
      headers: { 'content-type': 'application/json' },
      stream: stream => {
        const socket = new StreamSocket(stream, 'json', listener.topics, framing);
        socket.handler = enter('stream', socket);
        socket.subscribe(topic);
        stream.write('\n');
        return socket;
      },
    }),
  };
  const fan = fanOut({ json: jsonCodec, protobuf: protobufCodec }, (...frame) => listener.topics.publish(...frame));
  const topic = fan.topic(ROOM, 'json');
  const listener: Listener = await listen({
    port: 0,
    hosts: ['127.0.0.1'],
    path: PATH,
    mostReadBytes: 4_096,
    sendBufferBytes: SEND_BUFFER_BYTES,
    unreadGrown: () => undefined,
    refuse: () => null,
    open: socket => {
      socket.subscribe(topic);
      return enter('socket', socket);
    },
    route: path => routes[path] ?? streamed,
  });
  t.after(() => listener.stopAccepting());
  let offset = 0;
  const publish = () => {
    offset += 1;
    const data = Buffer.from(JSON.stringify({ number: offset, text: 'x'.repeat(MESSAGE_BYTES) }));
    fan.push(
      ROOM,
      { json: sockets.length, protobuf: 0 },
      { type: 'publication', channel: ROOM, publication: { offset, data } },
    );
    return offset;
  };
  return { listener, port: listener.port, sockets, events, publish };
}

/** Frames of a WebSocket, as they come. */
async function openSocket(
  t: TestContext,
  port: number,
): Promise<{ readonly client: WebSocket; readonly frames: string[] }> {
  const client = new WebSocket(`ws://127.0.0.1:${port}${PATH}`);
  t.after(() => client.terminate());
  const frames: string[] = [];
  client.on('message', frame => frames.push(String(frame)));
  await once(client, 'open');
  return { client, frames };
}

/** A streamed answer, and what has come of it. */
async function openStream(t: TestContext, port: number) {
  const asking = request({ port, host: '127.0.0.1', path: '/stream' }).end();
  t.after(() => asking.destroy());
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  let text = '';
  answer.on('data', chunk => {
    text += String(chunk);
  });
  answer.on('error', () => undefined); // the server may cut it
  const lines = () => text.split('\n').filter(line => line !== '');
  return { answer, lines };
}

test('a streamed answer and a WebSocket in one room get the same messages in the same order', async t => {
  const { port, publish, events } = await start(t);
  const { frames } = await openSocket(t, port);
  const { answer, lines } = await openStream(t, port);
  assert.deepEqual([answer.statusCode, answer.headers['content-type']], [200, 'application/json']);
  for (let sent = 0; sent < 50; sent++) publish();
  answer.pause(); // its reader is behind for a while, but not for ever
  for (let sent = 0; sent < 30; sent++) publish();
  answer.resume();
  await until('both have all messages', () => frames.length === 80 && lines().length === 80);
  assert.deepEqual(lines(), frames);
  assert.deepEqual(
    lines().map(line => (JSON.parse(line) as { push: { pub: { offset: number } } }).push.pub.offset),
    Array.from({ length: 80 }, (_, index) => index + 1),
  );
  assert.ok(!events.some(event => /overflowed|closed/.test(event)), events.join());
});

test('a streamed answer whose client reads too slowly is ended: what it got has no gap, and says why it ended', async t => {
  const { port, publish, events } = await start(t);
  const { frames } = await openSocket(t, port);
  const { answer, lines } = await openStream(t, port);
  answer.pause();
  let sent = 0;
  await until(
    'the answer is ended',
    async () => {
      for (let message = 0; message < 20; message++) sent = publish();
      return events.includes('stream closed');
    },
    { pollMs: 1 },
  );
  assert.deepEqual(
    events.filter(event => event !== 'stream flushed' && event !== 'socket flushed'),
    ['stream overflowed', 'stream closed'],
  );
  publish();
  answer.resume();
  await once(answer, 'end');
  const got = lines();
  assert.equal(got.at(-1), `end ${CLOSES.slow.code}`);
  await until('the WebSocket has all messages', () => frames.length === sent + 1);
  assert.deepEqual(got.slice(0, -1), frames.slice(0, got.length - 1));
  assert.ok(got.length - 1 < sent);
});

test('the end of a client ends its streamed answer', async t => {
  const { port, events, listener } = await start(t);
  const { answer } = await openStream(t, port);
  assert.equal(listener.topics.size, 1);
  answer.destroy();
  await until('it is gone', () => events.includes('stream closed'));
  assert.equal(listener.topics.size, 0);
});

test('HEAD of a streamed answer is its head: nothing is streamed', async t => {
  const { port, sockets } = await start(t);
  const { status, headers, body } = await ask(port, 'HEAD', '/stream');
  assert.deepEqual(
    [status, headers['content-type'], headers['transfer-encoding'], body],
    [200, 'application/json', undefined, ''],
  );
  assert.equal(sockets.length, 0);
});

test('a stream ends in order when its route ends it, and is cut when the route fails', async t => {
  const end = { flushed: () => undefined, closed: () => undefined };
  const begun = { status: '201 Created', headers: {} };
  const ends = (stream: AnswerStream) => {
    for (const piece of ['a', Buffer.from('b'), '', 'c'.repeat(100_000)]) stream.write(piece);
    stream.end('d');
    return end;
  };
  const fails = () => {
    throw new Error('a bug');
  };
  const { port } = await start(t, {
    '/ends': { answer: () => ({ ...begun, stream: ends }) },
    '/fails': { answer: () => ({ ...begun, stream: fails }) },
  });
  const answer = await fetch(`http://127.0.0.1:${port}/ends`, { method: 'POST', body: 'x' });
  assert.deepEqual([answer.status, await answer.text()], [201, `ab${'c'.repeat(100_000)}d`]);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/fails`));
});

test('each route has its own limit for bodies, and names it', async t => {
  const LARGE = 200_000;
  const answer: Route['answer'] = ({ body }) => ({ status: '200 OK', headers: {}, body: String(body.byteLength) });
  const { port } = await start(t, { '/usual': { answer }, '/large': { maxBodyBytes: LARGE, answer } });
  const post = async (path: string, body: string | ReadableStream) => {
    const options = { method: 'POST', body, duplex: 'half' } as RequestInit;
    const response = await fetch(`http://127.0.0.1:${port}${path}`, options);
    return `${response.status} ${await response.text()}`;
  };
  for (const [path, most] of [
    ['/usual', MAX_BODY_BYTES],
    ['/large', LARGE],
  ] as const) {
    const refusal = `413 the body may have at most ${most} bytes`;
    assert.equal(await post(path, 'x'.repeat(most)), `200 ${most}`);
    assert.equal(await post(path, 'x'.repeat(most + 1)), refusal);
    // Without Content-Length: in chunks.
    assert.equal(await post(path, new Blob(['x'.repeat(most)]).stream()), `200 ${most}`);
    assert.equal(await post(path, new Blob(['x'.repeat(most + 1)]).stream()), refusal);
  }
});

/** Sends a request as it stands, and resolves with the status line of the answer; empty if the server just closes. */
async function statusOf(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(text);
  let answer = '';
  for await (const chunk of socket) {
    answer += String(chunk);
    if (answer.includes('\r\n\r\n')) break;
  }
  socket.destroy();
  return answer.split('\r\n', 1)[0] ?? '';
}

const posting = (...headers: string[]) => ['POST /a HTTP/1.1', 'Host: x', ...headers, '', ''].join('\r\n');

test('a Content-Length that is not true gets no more into memory than the limit of the route', async t => {
  const bodies: number[] = [];
  const answer: Route['answer'] = ({ body }) => {
    bodies.push(body.byteLength);
    return { status: '200 OK', headers: {}, body: '' };
  };
  const { port } = await start(t, { '/a': { answer } });
  const most = MAX_BODY_BYTES;
  // Announced as too large: refused before anything of it comes.
  assert.match(await statusOf(port, posting(`Content-Length: ${most + 1}`)), / 413 /);
  assert.match(await statusOf(port, posting('Content-Length: 99999999999')), / 413 /);
  // Announced as smaller: what follows is the next request, and no good one.
  assert.match(await statusOf(port, `${posting('Content-Length: 5')}${'x'.repeat(100)}`), / 200 /);
  assert.match(await statusOf(port, `${posting('Content-Length: 5')}${'x'.repeat(most * 2)}`), / 200 | 431 /);
  // Announced in two ways, or in none that is a number.
  const chunks = `${(most * 2).toString(16)}\r\n${'x'.repeat(most * 2)}\r\n0\r\n\r\n`;
  assert.match(
    await statusOf(port, `${posting('Content-Length: 5', 'Transfer-Encoding: chunked')}${chunks}`),
    / 400 |^$/,
  );
  assert.match(await statusOf(port, `${posting('Content-Length: -1')}x`), / 400 |^$/);
  assert.match(await statusOf(port, `${posting('Transfer-Encoding: chunked')}${chunks}`), / 413 /);
  assert.deepEqual(bodies, [5, 5]);
});
