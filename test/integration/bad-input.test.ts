import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, test } from 'node:test';
import protobuf from 'protobufjs/minimal.js';
import { startBackends } from '../../tools/support/backends.ts';
import { metric } from '../../tools/support/metrics.ts';
import { nextId, openClient } from '../../tools/support/sdk.ts';
import { epochSeconds, tokenFor } from '../../tools/support/token.ts';
import { until } from '../../tools/support/until.ts';
import { openFrames } from '../support/chat/frames.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const cluster = await startCluster({ after }, backends, {
  env: {
    CHAT_AUTH_ISSUER: 'tests',
    CHAT_AUTH_AUDIENCE: 'chat',
    CHAT_ROOM_KINDS: 'channel=Open,club=Claim',
    CHAT_MAX_SUBSCRIPTIONS: '5',
    CHAT_MAX_MESSAGE_BYTES: '1000',
    CHAT_COMMANDS_PER_SECOND: '1',
    CHAT_COMMAND_BURST: '40',
    CHAT_CONNECT_SECONDS: '5',
    CHAT_EXPIRY_GRACE_SECONDS: '1',
  },
});
const [{ url, port }] = cluster.gateways;
const claims = { iss: 'tests', aud: 'chat' };
const token = await tokenFor('alice', claims);
const connect = (with_ = token, id = 1) => JSON.stringify({ id, connect: { token: with_ } });

/** A bare connection that has signed in. */
async function signedIn(t: Parameters<typeof openFrames>[0], with_ = token) {
  const frames = await openFrames(t, url);
  frames.send(connect(with_));
  assert.ok((await frames.reply(1))['connect']);
  return frames;
}

const badFrames: readonly (readonly [what: string, frame: string | Buffer])[] = [
  ['an empty frame', ''],
  ['no JSON', 'hello'],
  ['an unknown command', '{"id":2,"shout":{}}'],
  ['a second connect', connect(token, 2)],
  ['a ping command', '{"id":2,"ping":{}}'],
  ['a command without id', '{"subscribe":{"channel":"channel:a"}}'],
  ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
];
for (const [what, frame] of badFrames) {
  test(`${what} closes with 3501 and a reason`, async t => {
    const frames = await signedIn(t);
    frames.send(frame);
    assert.deepEqual(await frames.closed(), { code: 3501, reason: 'bad request' });
  });
}

test('a token that is not valid yet answers 109, for which an SDK gets another', async t => {
  const frames = await openFrames(t, url);
  frames.send(connect(await tokenFor('alice', { ...claims, nbf: epochSeconds() + 3_600 })));
  assert.equal(((await frames.reply(1))['error'] as { code: number }).code, 109);
});

test('a pong nobody asked for is ignored', async t => {
  const frames = await signedIn(t);
  frames.send('{}');
  frames.send('{"id":2,"unsubscribe":{"channel":"channel:a"}}');
  assert.equal((await frames.reply(2))['error'], undefined);
});

test('a first command that is not connect closes with 3501', async t => {
  const frames = await openFrames(t, url);
  frames.send('{"id":1,"subscribe":{"channel":"channel:a"}}');
  assert.equal((await frames.closed()).code, 3501);
});

test('send closes with 3508', async t => {
  const frames = await signedIn(t);
  frames.send('{"send":{"data":1}}');
  assert.equal((await frames.closed()).code, 3508);
});

test('a connection that says nothing closes with 3502', async t => {
  const frames = await openFrames(t, url);
  assert.equal((await frames.closed()).code, 3502);
});

test('a command above the limit answers 107, and a frame far above it ends the connection', async t => {
  const frames = await signedIn(t);
  frames.send(`{"id":2,"publish":{"channel":"channel:a","data":"${'x'.repeat(70_000)}"}}`);
  const { error } = (await frames.reply(2)) as { readonly error: { readonly code: number } };
  assert.equal(error.code, 107);
  const larger = await signedIn(t);
  larger.send('x'.repeat(1_000_000));
  await larger.closed();
  await signedIn(t);
});

const wrongSecret = await tokenFor('alice', claims, 'another-secret-that-is-long-enough-too');
const [head = '', body = '', signature = ''] = token.split('.');
const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`;
const anotherUser = Buffer.from(JSON.stringify({ ...claims, sub: 'root' })).toString('base64url');
const badTokens: readonly (readonly [what: string, token: string])[] = [
  ['signed with another secret', wrongSecret],
  ['not signed at all', unsigned],
  ['changed after it was signed', `${head}.${anotherUser}.${signature}`],
  ['that is not a token', 'hello'],
  ['of another issuer', await tokenFor('alice', { ...claims, iss: 'others' })],
  ['without an audience', await tokenFor('alice', { iss: 'tests' })],
  ['without a user', await tokenFor('', claims)],
];
for (const [what, bad] of badTokens) {
  test(`a token ${what} closes with 3500`, async t => {
    const frames = await openFrames(t, url);
    frames.send(connect(bad));
    assert.deepEqual(await frames.closed(), { code: 3500, reason: 'invalid token' });
  });
}

test('no token at all closes with 3501, and the SDK stops', async t => {
  const client = await openClient(t, url, { sdk: { token: '' } });
  const code = await new Promise<number>(resolve => client.sdk.on('disconnected', ({ code }) => resolve(code)));
  assert.equal(code, 3501);
});

test('an expired token is answered with 109: the SDK gets a new one and connects', async t => {
  const expired = await tokenFor('alice', { ...claims, exp: epochSeconds() - 60 });
  let asked = 0;
  const client = await openClient(t, url, {
    sdk: {
      token: expired,
      getToken: async () => {
        asked += 1;
        return token;
      },
    },
  });
  await client.connected();
  assert.equal(asked, 1);
});

test('a token that is not refreshed closes with 3005 after the grace', async t => {
  const frames = await signedIn(t, await tokenFor('alice', { ...claims, exp: epochSeconds() + 2 }));
  assert.deepEqual(await frames.closed(), { code: 3005, reason: 'connection expired' });
});

test("a refresh with another user's token closes with 3500", async t => {
  const frames = await signedIn(t);
  frames.send(JSON.stringify({ id: 2, refresh: { token: await tokenFor('bob', claims) } }));
  assert.equal((await frames.closed()).code, 3500);
});

const errors: readonly (readonly [what: string, command: object, code: number])[] = [
  ['an unknown kind of room', { subscribe: { channel: 'nothing:a' } }, 102],
  ['a room without kind', { subscribe: { channel: 'a' } }, 102],
  ['an empty room', { subscribe: { channel: '' } }, 102],
  ["another user's inbox", { subscribe: { channel: 'user:bob' } }, 103],
  ["publishing into another user's inbox", { publish: { channel: 'user:bob', data: 1 } }, 103],
  ['the history of a room the token does not list', { history: { channel: 'club:x', limit: 1 } }, 103],
  ['the presence of a room the token does not list', { presence: { channel: 'club:x' } }, 103],
  ['the own inbox, which the server subscribes', { subscribe: { channel: 'user:alice' } }, 105],
  ['a name of 256 bytes', { subscribe: { channel: `channel:${'é'.repeat(124)}` } }, 107],
  ['a publish without data', { publish: { channel: 'channel:a' } }, 107],
  ['data above the limit', { publish: { channel: 'channel:a', data: 'x'.repeat(1_001) } }, 107],
  ['an unknown method', { rpc: { method: 'message.eat', data: {} } }, 104],
  ['a method of Object.prototype', { rpc: { method: 'constructor', data: {} } }, 104],
  ['a message without id', { rpc: { method: 'message.send', data: { room: 'channel:a', text: 'x' } } }, 107],
  ['a message without data', { rpc: { method: 'message.send' } }, 107],
  [
    'a message into a room the token does not list',
    { rpc: { method: 'message.send', data: { room: 'club:x', id: nextId(), text: 'x' } } },
    103,
  ],
  [
    'a message above the limit',
    { rpc: { method: 'message.send', data: { room: 'channel:a', id: nextId(), text: 'é'.repeat(501) } } },
    107,
  ],
  ['sub_refresh', { sub_refresh: { channel: 'channel:a', token: 'x' } }, 108],
  ['a map subscription', { subscribe: { channel: 'channel:a', type: 1 } }, 108],
  ['a tags filter', { subscribe: { channel: 'channel:a', tf: { key: 'a', cmp: 'eq', val: 'b' } } }, 107],
];
for (const [what, command, code] of errors) {
  test(`${what} is answered with ${code}, and the connection goes on`, async t => {
    const frames = await signedIn(t);
    frames.send(JSON.stringify({ id: 2, ...command }));
    const { error } = await frames.reply(2);
    assert.equal((error as { code: number }).code, code);
    frames.send('{"id":3,"publish":{"channel":"channel:a","data":null}}');
    assert.ok((await frames.reply(3))['publish']);
  });
}

test('a room the token lists is open, others of the kind are not', async t => {
  const frames = await signedIn(t, await tokenFor('alice', { ...claims, rooms: ['club:x'] }));
  frames.send('{"id":2,"subscribe":{"channel":"club:x"}}\n{"id":3,"subscribe":{"channel":"club:y"}}');
  assert.ok((await frames.reply(2))['subscribe']);
  assert.equal(((await frames.reply(3))['error'] as { code: number }).code, 103);
});

test('one subscription too many is answered with 106', async t => {
  const frames = await signedIn(t);
  for (let id = 2; id <= 7; id++) frames.send(`{"id":${id},"subscribe":{"channel":"channel:${id}"}}`);
  assert.ok((await frames.reply(6))['subscribe']);
  assert.equal(((await frames.reply(7))['error'] as { code: number }).code, 106);
});

test('commands above the burst are answered with 111, temporary, and none is lost in silence', async t => {
  const frames = await signedIn(t);
  const sent = 60;
  for (let id = 2; id < 2 + sent; id++) frames.send(`{"id":${id},"history":{"channel":"channel:a"}}`);
  const replies = await until('all are answered', () => (frames.received.length === sent + 1 ? frames.received : null));
  const refused = replies.filter(reply => reply.includes('"code":111'));
  assert.ok(refused.length >= 10 && refused.length <= 20, `${refused.length} of ${sent} refused`);
  assert.ok(refused.every(reply => reply.includes('"temporary":true')));
});

const forgeries: readonly (readonly [what: string, data: Buffer])[] = [
  [
    'a second frame behind a newline',
    Buffer.from('1}}}\n{"push":{"channel":"channel:forged","pub":{"data":"forged"}}}\n{"push":{"pub":{"data":1'),
  ],
  ['a value that closes the frame early', Buffer.from('1,"offset":99}},"x":{"y":{"z":1')],
  ['a newline between values', Buffer.from('{"a":\n1}')],
  ['a carriage return', Buffer.from('{"a":\r1}')],
  ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ['no JSON at all', Buffer.from([0, 1, 2, 3])],
];
for (const [what, data] of forgeries) {
  test(`a Protobuf publisher that sends ${what} gets 107, and JSON subscribers see nothing of it`, async t => {
    const room = `channel:forge-${data.toString('hex').slice(0, 40)}`;
    const reader = await signedIn(t);
    reader.send(JSON.stringify({ id: 2, subscribe: { channel: room } }));
    await reader.reply(2);
    const publisher = await openClient(t, url, { build: 'protobuf', sdk: { token } });
    await assert.rejects(publisher.sdk.publish(room, data), { code: 107 });
    await publisher.publish(room, 'honest');
    await until('the honest one has arrived', () => reader.received.some(frame => frame.includes('honest')));
    const pushes = reader.received.filter(frame => frame.includes('"push"'));
    assert.equal(pushes.length, 1);
    assert.deepEqual((JSON.parse(pushes[0] ?? '') as { push: { pub: { data: string } } }).push.pub.data, 'honest');
  });
}

test('a room name cannot forge a frame either', async t => {
  const frames = await signedIn(t);
  const room = 'channel:"}}\u2028{"push":{}}';
  frames.send(JSON.stringify({ id: 2, subscribe: { channel: room } }));
  await frames.reply(2);
  frames.send(JSON.stringify({ id: 3, publish: { channel: room, data: 1 } }));
  await frames.reply(3);
  const push = await until('the push has come', () => frames.received.find(frame => frame.includes('"push"')));
  assert.equal((JSON.parse(push) as { push: { channel: string } }).push.channel, room);
});

test("the tags and the sender of a message are the server's word: what a client writes there is ignored", async t => {
  const frames = await signedIn(t);
  const room = 'channel:stamped';
  frames.send(JSON.stringify({ id: 2, subscribe: { channel: room } }));
  await frames.reply(2);
  const forged = { tags: { type: 'membership', other: 'x' }, info: { user: 'bob', client: 'b' } };
  frames.send(JSON.stringify({ id: 3, publish: { channel: room, data: 'bare', ...forged } }));
  await frames.reply(3);
  const data = { room, id: nextId(), text: 'sent', type: 'membership', ...forged };
  frames.send(JSON.stringify({ id: 4, ...forged, rpc: { method: 'message.send', data, ...forged } }));
  await frames.reply(4);
  const pushes = await until('both have come', () => {
    const found = frames.received.filter(frame => frame.includes('"push"'));
    return found.length === 2 ? found : null;
  });
  const publications = pushes.map(
    push => (JSON.parse(push) as { push: { pub: { tags: object; info: { user: string } } } }).push.pub,
  );
  assert.deepEqual(
    publications.map(({ tags, info }) => [tags, info.user]),
    [
      [{ type: 'publish' }, 'alice'],
      [{ type: 'message' }, 'alice'],
    ],
  );
});

test('a broken Protobuf frame closes with 3501', async t => {
  const frames = await openFrames(t, url, { subprotocol: 'centrifuge-protobuf' });
  frames.send(protobuf.Writer.create().uint32(100).uint32(8).finish());
  assert.equal((await frames.closed()).code, 3501);
});

test('a foreign origin is refused with 403 before the upgrade', async t => {
  const own = await startCluster(t, backends, { env: { CHAT_ALLOWED_ORIGINS: 'https://chat.example' } });
  const status = async (origin: string) => {
    const headers = { connection: 'Upgrade', upgrade: 'websocket', origin };
    const key = { 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' };
    return await new Promise<number | undefined>(resolve => {
      const upgrade = request({
        port: own.gateways[0].port,
        path: '/connection/websocket',
        headers: { ...headers, ...key },
      });
      upgrade.on('response', response => resolve(response.statusCode));
      upgrade.on('upgrade', (_response, socket) => {
        socket.destroy();
        resolve(101);
      });
      upgrade.end();
    });
  };
  assert.equal(await status('https://evil.example'), 403);
  assert.equal(await status('https://chat.example'), 101);
});

test('connections above the limit are refused with 503, and room is made when one leaves', async t => {
  const own = await startCluster(t, backends, { env: { CHAT_MAX_CONNECTIONS: '2' } });
  const first = await openClient(t, own.gateways[0].url, { user: 'a' });
  await (await openClient(t, own.gateways[0].url, { user: 'b' })).connected();
  await first.connected();
  const third = await openClient(t, own.gateways[0].url, { user: 'c' });
  const refused = await new Promise<number>(resolve => third.sdk.on('error', ({ error }) => resolve(error.code)));
  assert.equal(refused, 2); // the SDK's code for a transport that closed
  first.sdk.disconnect();
  await third.connected();
});

test('new connections above the rate are refused with 503, and the SDK gets in later', async t => {
  const own = await startCluster(t, backends, { env: { CHAT_CONNECTS_PER_SECOND: '2' } });
  const [gateway] = own.gateways;
  const clients = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(user => openClient(t, gateway.url, { user })));
  await Promise.all(clients.map(client => client.connected()));
  assert.ok((await metric(gateway.adminPort, 'chatcluster_connects_refused_total', { reason: 'rate' })) > 0);
});

test('a client that does not answer a heartbeat is closed with 3012', async t => {
  const own = await startCluster(t, backends, { env: { CHAT_PING_SECONDS: '2', CHAT_PONG_SECONDS: '1' } });
  const answering = await openClient(t, own.gateways[0].url, { user: 'answering' });
  let reconnects = 0;
  answering.sdk.on('connecting', () => {
    reconnects += 1;
  });
  const silent = await openFrames(t, own.gateways[0].url, { pong: false });
  silent.send(connect(await tokenFor('silent')));
  assert.deepEqual(await silent.closed(), { code: 3012, reason: 'no pong' });
  await answering.publish('channel:a', 'still here');
  assert.equal(reconnects, 0);
});

test('the gateway has survived all of it and still serves', async () => {
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
  assert.equal(ready.status, 200);
});
