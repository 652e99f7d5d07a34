import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type TestContext, test } from 'node:test';
import WebSocket from 'ws';
import { CLOSES } from '../../server/protocol/codes.ts';
import { MAX_BODY_BYTES } from '../../server/transport/answer.ts';
import { type ListenOptions, listen } from '../../server/transport/uws.ts';
import type { Socket } from '../../server/transport/websocket/socket.ts';
import { ask } from '../support/chat/raw-http.ts';

const PATH = '/connection/websocket';

/** A listener that echoes frames and closes on the frame `end`. */
async function start(t: TestContext, options: Partial<ListenOptions> = {}) {
  const encodings: string[] = [];
  const listener = await listen({
    port: 0,
    hosts: ['127.0.0.1'],
    path: PATH,
    mostReadBytes: 4_096,
    sendBufferBytes: 65_536,
    unreadGrown: () => undefined,
    refuse: () => null,
    open: socket => {
      encodings.push(socket.encoding);
      return {
        message: frame => socket.send(Buffer.from(frame).toString()),
        flushed: () => undefined,
        overflowed: () => undefined,
        closed: () => undefined,
      };
    },
    route: () => ({
      answer: ({ method, path, body }) => ({
        status: '200 OK',
        headers: {},
        body: `${method} ${path} ${body.byteLength}`,
      }),
    }),
    ...options,
  });
  t.after(() => listener.stopAccepting());
  return { encodings, listener, url: `127.0.0.1:${listener.port}`, port: listener.port };
}

/** Opens a connection. @returns the address it came to */
async function reach(port: number, host: string): Promise<string | undefined> {
  const socket = connect(port, host);
  await once(socket, 'connect');
  const { remoteAddress } = socket;
  socket.destroy();
  return remoteAddress;
}

/** True if this machine has IPv6; without it there is nothing to reach. */
const LOOPBACKS = Object.values(networkInterfaces()).flatMap(addresses =>
  (addresses ?? []).filter(({ internal }) => internal).map(({ address }) => address),
);

test('a listener is reached by both families of addresses', async t => {
  // `undefined` is what a gateway asks for.
  const { port } = await start(t, { hosts: undefined } as unknown as Partial<ListenOptions>);
  assert.ok(LOOPBACKS.length > 0);
  for (const address of LOOPBACKS) assert.equal(await reach(port, address), address);
});

test('where the first address cannot be had the next one is taken, and none is an error that names all', async t => {
  const foreign = '2001:db8::1'; // for documentation: no machine has it
  const { port } = await start(t, { hosts: [foreign, '127.0.0.1'] });
  assert.equal(await reach(port, '127.0.0.1'), '127.0.0.1');
  await assert.rejects(
    start(t, { hosts: [foreign, '192.0.2.1'] }),
    /cannot listen on port 0 of 2001:db8::1 or 192.0.2.1/,
  );
});

/** Answers to a raw HTTP request, until the server closes or a head has come. */
async function raw(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(request);
  let answer = '';
  for await (const chunk of socket) {
    answer += String(chunk);
    if (answer.includes('\r\n\r\n')) break;
  }
  socket.destroy();
  return answer;
}

const upgrade = (header: string) =>
  `GET ${PATH} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
  `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${header}\r\n`;

for (const { offer, encoding, echo } of [
  { offer: '', encoding: 'json', echo: null },
  { offer: 'centrifuge-json', encoding: 'json', echo: 'centrifuge-json' },
  { offer: 'centrifuge-protobuf', encoding: 'protobuf', echo: 'centrifuge-protobuf' },
  { offer: 'other, centrifuge-protobuf, centrifuge-json', encoding: 'protobuf', echo: 'centrifuge-protobuf' },
  { offer: 'constructor', encoding: 'json', echo: null },
  { offer: '__proto__, toString', encoding: 'json', echo: null },
]) {
  test(`a client that offers ${offer === '' ? 'nothing' : offer} speaks ${encoding}`, async t => {
    const { port, encodings } = await start(t);
    const answer = await raw(port, upgrade(offer === '' ? '' : `Sec-WebSocket-Protocol: ${offer}\r\n`));
    assert.match(answer, /^HTTP\/1.1 101/);
    assert.equal(/sec-websocket-protocol: (\S+)/i.exec(answer)?.[1] ?? null, echo);
    assert.deepEqual(encodings, [encoding]);
  });
}

test('a refused connection is told so before the upgrade', async t => {
  const origins: string[] = [];
  const { port } = await start(t, {
    refuse: ({ origin }) => {
      origins.push(origin);
      return origin === '' ? '503 Service Unavailable' : '403 Forbidden';
    },
  });
  assert.match(await raw(port, upgrade('Origin: https://evil.example\r\n')), /^HTTP\/1.1 403/);
  assert.match(await raw(port, upgrade('')), /^HTTP\/1.1 503 .*\r\n(.*\r\n)*retry-after: 1/i);
  assert.deepEqual(origins, ['https://evil.example', '']);
});

test('a client with 15 KiB of cookies connects', async t => {
  const { port } = await start(t);
  assert.match(await raw(port, upgrade(`Cookie: site=${'x'.repeat(15 * 1024)}\r\n`)), /^HTTP\/1.1 101/);
});

test('HEAD is answered as GET is, with its length and without its body', async t => {
  const { port } = await start(t);
  assert.equal((await ask(port, 'GET', '/a')).body, 'GET /a 0');
  const head = await ask(port, 'HEAD', '/a');
  assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, '8', '']);
});

test('frames come through as they were sent', async t => {
  const { url } = await start(t);
  const socket = new WebSocket(`ws://${url}${PATH}`);
  t.after(() => socket.terminate());
  await once(socket, 'open');
  socket.send('{"é":1}');
  const [echoed] = (await once(socket, 'message')) as [Buffer];
  assert.equal(echoed.toString(), '{"é":1}');
});

test('HTTP bodies come whole up to the limit, and are refused above it', async t => {
  const { url } = await start(t);
  const post = (bytes: number) => fetch(`http://${url}/a?b`, { method: 'POST', body: 'x'.repeat(bytes) });
  assert.equal(await (await post(MAX_BODY_BYTES)).text(), `POST /a ${MAX_BODY_BYTES}`);
  assert.equal((await post(MAX_BODY_BYTES + 1)).status, 413);
  assert.equal(await (await post(0)).text(), 'POST /a 0');
});

test('a request that fails is answered with 500', async t => {
  const { url } = await start(t, {
    route: () => ({
      answer: () => {
        throw new Error('a bug');
      },
    }),
  });
  assert.equal((await fetch(`http://${url}/`)).status, 500);
});

test('a socket whose client reads nothing counts until it has read, and then learns why it was closed', async t => {
  const sockets: Socket[] = [];
  const open = (socket: Socket) => {
    sockets.push(socket);
    return { message: () => undefined, flushed: () => undefined, overflowed: () => undefined, closed: () => undefined };
  };
  let unread = 0;
  const unreadGrown = (bytes: number) => {
    unread = bytes;
  };
  const { listener, url } = await start(t, { open, unreadGrown });
  const client = new WebSocket(`ws://${url}${PATH}`);
  t.after(() => client.terminate());
  await once(client, 'open');
  client.pause();
  const [socket] = sockets;
  assert.ok(socket);
  const frame = 'x'.repeat(50_000); // what the kernel takes at once
  socket.send(frame);
  assert.deepEqual([socket.unread(), unread, socket.buffered()], [frame.length, frame.length, 0]);
  socket.end(CLOSES.shutdown);
  assert.equal(listener.closing.size, 1);
  const closed = once(client, 'close');
  client.resume();
  assert.equal((await closed)[0], CLOSES.shutdown.code);
  assert.deepEqual([listener.closing.size, socket.unread()], [0, 0]);
});

test('a socket that is cut is gone at once, whatever waits', async t => {
  const sockets: Socket[] = [];
  let closed = 0;
  const open = (socket: Socket) => {
    sockets.push(socket);
    const handler = { message: () => undefined, flushed: () => undefined, overflowed: () => undefined };
    const onClosed = () => {
      closed += 1;
    };
    return { ...handler, closed: onClosed };
  };
  const { listener, url } = await start(t, { open });
  const client = new WebSocket(`ws://${url}${PATH}`);
  await once(client, 'open');
  client.pause();
  const [socket] = sockets;
  assert.ok(socket);
  while (socket.buffered() === 0) {
    socket.send('x'.repeat(60_000));
    await new Promise(setImmediate);
  }
  socket.end(CLOSES.slow);
  assert.equal(listener.closing.size, 1);
  for (const each of listener.closing) each.cut();
  assert.deepEqual([listener.closing.size, closed, socket.buffered()], [0, 1, 0]);
  client.resume();
  assert.equal((await once(client, 'close'))[0], 1006);
});

test('an upgrade is judged by its peer and by all values of X-Forwarded-For, and refused with when to come back', async t => {
  const seen: unknown[] = [];
  const { port } = await start(t, {
    refuse: ({ peer, forwardedFor }) => {
      seen.push([[...peer], forwardedFor()]);
      return '429 Too Many Requests';
    },
  });
  const headers = 'X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\nX-Forwarded-For: 10.0.0.1\r\n';
  assert.match(await raw(port, upgrade(headers)), /^HTTP\/1.1 429 .*\r\n(.*\r\n)*retry-after: 1/i);
  assert.deepEqual(seen, [[[127, 0, 0, 1], '6.6.6.6, 192.0.2.1,10.0.0.1']]);
});
