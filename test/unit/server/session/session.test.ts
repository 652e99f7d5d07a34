import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuid7Source } from '../../../../client/uuid7.ts';
import { MAX_USER_BYTES } from '../../../../server/access/names.ts';
import { kindsOf } from '../../../../server/contract/room-kind-options.ts';
import { jsonCodec } from '../../../../server/protocol/json.ts';
import { MOST_LEFT_OUT } from '../../../../server/room/filtered-reader.ts';
import { MessageRefused, ReadFailed } from '../../../../server/room/log.ts';
import { leaveAllForbidden } from '../../../../server/session/forbidden.ts';
import { tokenFor } from '../../../../tools/support/token.ts';
import { until } from '../../../../tools/support/until.ts';
import { type TestClient, TestGateway } from '../../../support/chat/test-gateway.ts';
import { settle } from '../../../support/clocks/settle.ts';

const ROOM = 'channel:room';
const send = (id: number, data: object) => ({ id, rpc: { method: 'message.send', data } });

/** Ids of the gateway's time, `ago` milliseconds back. */
const idSource = (gateway: TestGateway, ago = 0) =>
  uuid7Source(
    () => gateway.clock.wallClock() - ago,
    length => crypto.getRandomValues(new Uint8Array(length)),
  );

test('the reply to connect is the first frame, names the gateway and its time and carries the inbox; what came with it follows', async () => {
  const gateway = new TestGateway();
  const client = gateway.open();
  client.say({ id: 1, connect: { token: await tokenFor('alice') } }, { id: 2, subscribe: { channel: ROOM } });
  await client.reply(2);
  assert.deepEqual(
    client.heard.map(({ id }) => id),
    [1, 2],
  );
  const { connect } = client.heard[0] ?? {};
  const time = gateway.clock.wallClock();
  assert.deepEqual([connect.time, connect.data], [time, { gateway: 'gateway-0', version: '0', time }]);
  assert.deepEqual([connect.client, connect.ping, connect.pong], [client.session.client, 25, true]);
  assert.deepEqual(Object.keys(connect.subs), ['user:alice']);
});

for (const { what, frame, code } of [
  { what: 'another command before connect', frame: '{"id":1,"subscribe":{"channel":"channel:a"}}', code: 3501 },
  { what: 'connect without a token', frame: '{"id":1,"connect":{}}', code: 3501 },
  { what: 'a bad token', frame: '{"id":1,"connect":{"token":"nonsense"}}', code: 3500 },
  { what: 'a send', frame: '{"send":{"data":{}}}', code: 3508 },
  { what: 'no protocol at all', frame: 'GET / HTTP/1.1', code: 3501 },
  { what: 'a frame above the limit', frame: `{"id":1,"connect":{"token":"${'x'.repeat(65_536)}"}}`, code: 1009 },
]) {
  test(`${what} closes with ${code}, and nothing after it is looked at`, async () => {
    const gateway = new TestGateway();
    const client = gateway.open();
    client.sayRaw(frame);
    assert.equal(await client.close(), code);
    assert.ok((client.closed?.reason ?? '') !== '');
    client.say({ id: 1, connect: { token: await tokenFor('alice') } });
    await settle();
    assert.deepEqual([client.heard, gateway.ended, gateway.hub.sessions.size], [[], [code], 0]);
  });
}

test('every user who may connect may use their inbox, whatever their name is made of', async () => {
  for (const user of ['a'.repeat(MAX_USER_BYTES), '你'.repeat(Math.floor(MAX_USER_BYTES / 3)), '🙂'.repeat(62)]) {
    const client = await new TestGateway().connect(user);
    const [inbox] = Object.keys((await client.reply(1))['connect'].subs);
    assert.ok((await client.ask({ id: 2, history: { channel: inbox } } as { id: number }))['history'], user);
  }
  for (const user of ['a'.repeat(MAX_USER_BYTES + 1), '你'.repeat(84)]) {
    const client = new TestGateway().open();
    client.say({ id: 1, connect: { token: await tokenFor(user) } });
    assert.equal(await client.close(), 3500, user);
  }
});

test('a second connect closes with 3501', async () => {
  const client = await new TestGateway().connect();
  client.say({ id: 2, connect: { token: await tokenFor('alice') } });
  assert.equal(client.closed?.code, 3501);
});

test('an expired token is answered with 109, and nothing else is served', async () => {
  const client = new TestGateway().open();
  client.say(
    { id: 1, connect: { token: await tokenFor('alice', { exp: 1 }) } },
    { id: 2, subscribe: { channel: ROOM } },
  );
  assert.equal((await client.reply(1)).error?.code, 109);
  client.say({ id: 3, history: { channel: ROOM } });
  await settle();
  assert.equal(client.heard.length, 1);
});

test('a token that is not valid yet is no end: the client gets another one, at connect and at a refresh', async () => {
  const gateway = new TestGateway();
  const seconds = Math.floor(gateway.clock.wallClock() / 1000);
  const client = gateway.open();
  client.say({ id: 1, connect: { token: await tokenFor('alice', { nbf: seconds + 60 }) } });
  const { error } = await client.reply(1);
  assert.deepEqual([error?.code, client.closed], [109, null]);
  assert.match(error?.message ?? '', /in 60 s/);
  assert.ok((await (await gateway.connect('alice', { nbf: seconds + 2 })).reply(1))['connect']);
  const connected = await gateway.connect();
  connected.say({ id: 2, refresh: { token: await tokenFor('alice', { nbf: seconds + 60 }) } });
  assert.equal(await connected.close(), 3005);
  assert.deepEqual(gateway.refused, ['early', 'early']);
});

test('every token that lets nobody in is reported, also none and one of another user', async () => {
  const gateway = new TestGateway();
  const tokens = ['', 'nonsense', await tokenFor('alice', {}, 'not-the-secret-of-this-gateway-at-all')];
  for (const token of tokens) {
    const client = gateway.open();
    client.say({ id: 1, connect: { token } });
    await client.close();
  }
  const connected = await gateway.connect('alice');
  connected.say({ id: 2, refresh: { token: await tokenFor('bob') } });
  assert.equal(await connected.close(), 3500);
  assert.deepEqual(gateway.refused, ['missing', 'malformed', 'signature', 'user']);
});

for (const [what, exp] of [
  ['in milliseconds', 1_700_003_600_000],
  ['beyond 32 bits', 1_700_000_000 + 2 ** 32],
  ['of the largest number', Number.MAX_VALUE / 1_001],
] as const) {
  test(`an expiry ${what} is a ttl of one year, at connect and at a refresh`, async () => {
    const client = await new TestGateway().connect('alice', { exp });
    const { ttl, expires } = (await client.reply(1))['connect'];
    assert.deepEqual([ttl, expires], [31_536_000, true]);
    const token = await tokenFor('alice', { exp });
    assert.equal((await client.ask({ id: 2, refresh: { token } } as { id: number }))['refresh'].ttl, 31_536_000);
  });
}

test('NATS away at connect is a temporary error, for which the SDKs come back', async () => {
  const gateway = new TestGateway();
  gateway.log.fails = () => true;
  const client = gateway.open();
  const answer = await (async () =>
    client.ask({ id: 1, connect: { token: await tokenFor('alice') } } as { id: number }))();
  assert.deepEqual([answer.error?.code, answer.error?.temporary], [100, true]);
});

test('MongoDB away keeps nobody from connecting: what the inbox missed there is not recovered, everything else works', async () => {
  const gateway = new TestGateway();
  const { log, store, rooms } = gateway;
  const missed = [log.append('user:alice'), log.append('user:alice')];
  log.purge(log.last);
  store.up = false;
  const connectFrom = async (offset: number) => {
    const subs = { 'user:alice': { recover: true, epoch: log.epoch, offset } };
    const client = gateway.open();
    client.say({ id: 1, connect: { token: await tokenFor('alice'), subs } });
    const said = await client.reply(1);
    return { client, inbox: said['connect']?.subs['user:alice'], error: said.error };
  };
  const behind = await connectFrom((missed[1] ?? 0) - 1);
  assert.deepEqual(behind.error, undefined);
  assert.deepEqual(
    [behind.inbox.was_recovering, behind.inbox.recovered ?? false, behind.inbox.publications ?? []],
    [true, false, []],
  );
  assert.equal(behind.inbox.offset, rooms.find('user:alice')?.latest);
  const fresh = log.append('user:alice');
  assert.deepEqual(behind.client.heard.at(-1)?.['push'].pub.offset, fresh);
  assert.ok((await behind.client.ask({ id: 2, subscribe: { channel: ROOM } } as { id: number }))['subscribe']);

  const level = await connectFrom(fresh);
  assert.deepEqual([level.error, level.inbox.recovered], [undefined, true]);
});

test('messages are stored in the order they were sent, though the token check and look-ups take their time', async () => {
  const gateway = new TestGateway();
  const client = gateway.open();
  const nextId = idSource(gateway);
  const oldId = idSource(gateway, 3_600_000);
  const texts = Array.from({ length: 100 }, (_, i) => `text ${i}`);
  client.say(
    { id: 1, connect: { token: await tokenFor('alice') } },
    ...texts.slice(0, 50).map((text, i) => send(i + 2, { room: ROOM, id: i % 10 === 5 ? oldId() : nextId(), text })),
  );
  for (const [i, text] of texts.slice(50).entries()) {
    client.say(send(i + 52, { room: ROOM, id: i % 10 === 5 ? oldId() : nextId(), text }));
    if (i % 7 === 0) await Promise.resolve();
  }
  await client.reply(101);
  const { messages } = await gateway.log.readAfter(ROOM, 0, 200);
  assert.deepEqual(
    messages.map(({ body }) => (JSON.parse(Buffer.from(body).toString()) as { text: string }).text),
    texts,
  );
});

/** Lets the window in which JetStream recognises ids pass. */
function windowPasses(gateway: TestGateway): void {
  gateway.clock.pass(gateway.config.dedupeSeconds * 1000);
  gateway.log.forgetIds();
}

test('an old id that is stored already is not stored again', async () => {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  const id = idSource(gateway, 3_600_000)();
  const first = await client.ask(send(2, { room: ROOM, id, text: 'x' }));
  windowPasses(gateway);
  const again = await client.ask(send(3, { room: ROOM, id, text: 'x' }));
  assert.deepEqual(first['rpc'].data, { offset: 1, epoch: 'first', duplicate: false });
  assert.deepEqual(again['rpc'].data, { offset: 1, epoch: 'first', duplicate: true });
  gateway.log.purge(1);
  windowPasses(gateway);
  const third = await client.ask(send(4, { room: ROOM, id, text: 'x' }));
  assert.deepEqual(third['rpc'].data, { offset: 1, epoch: 'first', duplicate: true });
  windowPasses(gateway);
  gateway.store.up = false;
  const { error } = await client.ask(send(5, { room: ROOM, id, text: 'x' }));
  assert.deepEqual([error?.code, error?.temporary, gateway.log.last], [100, true, 1]);
});

test('an id that the window of the stream may not cover is looked up, whatever the option of the gateway says', async () => {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  const id = idSource(gateway, 10_000)();
  await client.ask(send(2, { room: ROOM, id, text: 'x' }));
  gateway.log.window = 10_000;
  gateway.log.forgetIds();
  const again = await client.ask(send(3, { room: ROOM, id, text: 'x' }));
  assert.deepEqual(again['rpc'].data, { offset: 1, epoch: 'first', duplicate: true });
});

/** Makes look-ups in the store wait until `open` is called. */
function gateStore(gateway: TestGateway): { open(): void; asked(): number } {
  const gate = Promise.withResolvers<void>();
  const find = gateway.store.findSent.bind(gateway.store);
  let asked = 0;
  gateway.store.findSent = async key => {
    asked += 1;
    await gate.promise;
    return await find(key);
  };
  return { open: () => gate.resolve(), asked: () => asked };
}

test('a look-up holds up the messages to its room, in order, and nothing else', async () => {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  const [old, young] = [idSource(gateway, 3_600_000), idSource(gateway)];
  const gate = gateStore(gateway);
  client.say(
    send(2, { room: ROOM, id: old(), text: 'first' }),
    send(3, { room: ROOM, id: young(), text: 'second' }),
    { id: 4, publish: { channel: ROOM, data: { text: 'third' } } },
    send(5, { room: ROOM, id: old(), text: 'fourth' }),
    send(6, { room: 'channel:other', id: young(), text: 'elsewhere' }),
    { id: 7, subscribe: { channel: ROOM } },
    { id: 8, history: { channel: ROOM } },
  );
  for (const id of [6, 7, 8]) assert.equal((await client.reply(id)).error, undefined);
  assert.deepEqual([gateway.log.offsetsOf(ROOM), gate.asked()], [[], 1]);
  gate.open();
  await client.reply(5);
  const { messages } = await gateway.log.readAfter(ROOM, 0, 10);
  assert.deepEqual(
    messages.map(({ body }) => (JSON.parse(Buffer.from(body).toString()) as { text: string }).text),
    ['first', 'second', 'third', 'fourth'],
  );
  const late = await client.ask(send(9, { room: ROOM, id: young(), text: 'fifth' }));
  assert.equal(late['rpc'].data.offset, gateway.log.last);
});

test('what waits behind a look-up is bounded, and goes with its connection', async () => {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  const young = idSource(gateway);
  const gate = gateStore(gateway);
  client.say(send(2, { room: ROOM, id: idSource(gateway, 3_600_000)(), text: 'old' }));
  for (let id = 3; id < 50; id++) client.say(send(id, { room: ROOM, id: young(), text: 'x'.repeat(30_000) }));
  const { error } = await client.reply(49);
  assert.deepEqual([error?.code, error?.temporary], [111, true]);
  assert.match(error?.message ?? '', /at most 1048576 bytes/);
  client.hangUp();
  gate.open();
  await settle();
  assert.equal(gateway.log.last, 0);
});

test('a user has so many look-ups under way, and other users have theirs', async () => {
  const gateway = new TestGateway({ CHAT_LOOK_UPS_PER_USER: '2' });
  const [alice, again, bob] = [await gateway.connect(), await gateway.connect(), await gateway.connect('bob')];
  const old = idSource(gateway, 3_600_000);
  const gate = gateStore(gateway);
  alice.say(send(2, { room: 'channel:a', id: old(), text: 'x' }), send(3, { room: 'channel:b', id: old(), text: 'x' }));
  const { error } = await again.ask(send(2, { room: 'channel:c', id: old(), text: 'x' }));
  assert.deepEqual([error?.code, error?.temporary], [111, true]);
  assert.match(error?.message ?? '', /at most 2 old ids/);
  bob.say(send(2, { room: 'channel:c', id: old(), text: 'x' }));
  gate.open();
  for (const reply of [alice.reply(2), alice.reply(3), bob.reply(2)]) assert.equal((await reply).error, undefined);
  assert.equal((await again.ask(send(3, { room: 'channel:c', id: old(), text: 'x' }))).error, undefined);
});

test('while MongoDB keeps up, a look-up asks it once and NATS nothing; an id it has not got yet is found all the same', async () => {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  await client.ask({ id: 2, subscribe: { channel: ROOM } } as { id: number });
  const old = idSource(gateway, 3_600_000);
  const [first, second] = [old(), old()];
  await client.ask(send(3, { room: ROOM, id: first, text: 'x' }));
  gateway.log.storeUpTo(1);
  gateway.clock.pass(1_000);
  await client.ask(send(4, { room: ROOM, id: second, text: 'x' }));
  const before = gateway.log.asked.length;
  const again = await client.ask(send(5, { room: ROOM, id: first, text: 'x' }));
  assert.deepEqual([again['rpc'].data.duplicate, gateway.log.asked.slice(before)], [true, []]);

  // JetStream no longer knows the second, which MongoDB does not have: only LOG can tell.
  windowPasses(gateway);
  const late = await client.ask(send(6, { room: ROOM, id: second, text: 'x' }));
  assert.deepEqual(late['rpc'].data, { offset: 2, epoch: 'first', duplicate: true });
});

test('an id from the future is refused with the time of the server and what is allowed', async () => {
  const gateway = new TestGateway({ CHAT_DEDUPE_SECONDS: '120' });
  const client = await gateway.connect();
  const ask = (id: number, ahead: number) =>
    client.ask(send(id, { room: ROOM, id: idSource(gateway, -ahead)(), text: 'x' }));
  assert.equal((await ask(2, 60_000)).error, undefined);
  const { error } = await ask(3, 61_000);
  assert.deepEqual([error?.code, error?.temporary, gateway.log.last], [107, undefined, 1]);
  assert.match(error?.message ?? '', /^id is 61 s ahead of the server's time, 2023-11-14T22:13:20\.000Z; at most 60 s/);
});

test('ids of clients that count on from the time they were told are taken after the clock was set back', async () => {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  const id = idSource(gateway)();
  gateway.clock.setWall(-300_000);
  const first = await client.ask(send(2, { room: ROOM, id, text: 'x' }));
  assert.equal(first['rpc'].data.duplicate, false);
  assert.equal((await client.ask(send(3, { room: ROOM, id, text: 'x' })))['rpc'].data.duplicate, true);
});

test('who may read a room may do so without being in it, and who may not may not', async () => {
  const gateway = new TestGateway({ CHAT_ROOM_KINDS: 'channel=Open,group=Claim' });
  const outsider = await gateway.connect('bob');
  const invited = await gateway.connect('alice', { rooms: ['group:a'] });
  const asked = async (client: TestClient, id: number, channel: string) => [
    (await client.ask({ id, history: { channel, limit: 1 } } as { id: number })).error?.code ?? 0,
    (await client.ask(send(id + 1, { room: channel, id: idSource(gateway)(), text: 'x' }))).error?.code ?? 0,
  ];
  assert.deepEqual(await asked(outsider, 2, ROOM), [0, 0]);
  assert.deepEqual(await asked(invited, 2, 'group:a'), [0, 0]);
  assert.deepEqual(await asked(outsider, 12, 'group:a'), [103, 103]);
  assert.equal(outsider.session.subscriptions.size, 1); // the inbox
});

test('where bare publish is closed, message.send goes on, and the connection with it', async () => {
  const gateway = new TestGateway({ CHAT_ROOM_KINDS: 'channel=Open,group=Claim,wall=Open/PublishDisabled' });
  const client = await gateway.connect('alice', { rooms: ['group:a'] });
  for (const [index, channel] of ['group:a', 'wall:a'].entries()) {
    const id = 2 + index * 2;
    const { error } = await client.ask({ id, publish: { channel, data: 1 } } as { id: number });
    assert.equal(error?.code, 108, channel);
    const sent = await client.ask(send(id + 1, { room: channel, id: idSource(gateway)(), text: 'x' }));
    assert.equal(sent.error, undefined, channel);
  }
  assert.ok((await client.ask({ id: 9, publish: { channel: ROOM, data: 1 } } as { id: number }))['publish']);
  assert.ok((await client.ask({ id: 10, publish: { channel: 'user:alice', data: 1 } } as { id: number }))['publish']);
});

test('half a character in a name is answered by the command that has it, and the connection goes on', async () => {
  const channel = 'channel:\ud83d';
  const client = await new TestGateway().connect();
  const commands = [
    { subscribe: { channel } },
    { publish: { channel, data: 1 } },
    { history: { channel } },
    { presence: { channel } },
    { presence_stats: { channel } },
    { rpc: { method: 'message.send', data: { room: channel, id: GOOD_ID, text: 'x' } } },
  ];
  for (const [index, command] of commands.entries()) {
    const { error } = await client.ask({ id: index + 2, ...command });
    assert.equal(error?.code, 102, Object.keys(command)[0]);
  }
  assert.ok((await client.ask({ id: 20, unsubscribe: { channel } } as { id: number }))['unsubscribe']);
  assert.equal((await client.ask({ id: 21, rpc: { method: '\ud83d' } } as { id: number })).error?.code, 104);
  assert.equal(client.closed, null);
});

const GOOD_ID = '018bcfe5-6800-7000-8000-000000000000';
for (const { what, command, code, message } of [
  { what: 'a verb named like a property', command: { rpc: { method: 'constructor' } }, code: 104, message: /method/ },
  { what: 'data that is no object', command: send(0, [] as object), code: 107, message: /room must be a string/ },
  {
    what: 'an id that is no UUIDv7',
    command: send(0, { room: ROOM, id: GOOD_ID.toUpperCase().replace('7', '4'), text: 'x' }),
    code: 107,
    message: /id must be a UUIDv7/,
  },
  {
    what: 'an id with a line break behind it',
    command: send(0, { room: ROOM, id: `${GOOD_ID}\r\nNats-Rollup: all`, text: 'x' }),
    code: 107,
    message: /id must be a UUIDv7/,
  },
  { what: 'an empty text', command: send(0, { room: ROOM, id: GOOD_ID, text: '' }), code: 107, message: /text/ },
  {
    what: 'half a character',
    command: send(0, { room: ROOM, id: GOOD_ID, text: '\ud800' }),
    code: 107,
    message: /text must be well-formed/,
  },
  {
    what: 'too long a text',
    command: send(0, { room: ROOM, id: GOOD_ID, text: 'x'.repeat(2_000) }),
    code: 107,
    message: /at most 1024 bytes/,
  },
  { what: 'publish without data', command: { publish: { channel: ROOM } }, code: 107, message: /data is required/ },
  {
    what: 'too large a publish',
    command: { publish: { channel: ROOM, data: 'x'.repeat(2_000) } },
    code: 107,
    message: /at most 1024 bytes/,
  },
  {
    what: 'a subscription too many',
    command: { subscribe: { channel: 'channel:c' } },
    code: 106,
    message: /at most 2 subscriptions/,
  },
  { what: 'subscribing twice', command: { subscribe: { channel: 'channel:a' } }, code: 105, message: /already/ },
  { what: 'the own inbox', command: { subscribe: { channel: 'user:alice' } }, code: 105, message: /inbox/ },
  { what: 'an unknown kind', command: { history: { channel: 'secret:a' } }, code: 102, message: /unknown kind secret/ },
  {
    what: 'a subscription with a token of its own',
    command: { subscribe: { channel: 'channel:c', token: 'anything' } },
    code: 108,
    message: /token/,
  },
  { what: 'a foreign inbox', command: { presence: { channel: 'user:bob' } }, code: 103, message: /another user/ },
  {
    what: 'the presence of a room one is not in',
    command: { presence: { channel: ROOM } },
    code: 103,
    message: /presence is for subscribers of the room/,
  },
  { what: 'its statistics', command: { presence_stats: { channel: ROOM } }, code: 103, message: /for subscribers/ },
  { what: 'a refresh of one room', command: { sub_refresh: { channel: ROOM, token: 'x' } }, code: 108, message: /./ },
]) {
  test(`${what} answers ${code} and says why`, async () => {
    const gateway = new TestGateway({ CHAT_MAX_MESSAGE_BYTES: '1024', CHAT_MAX_SUBSCRIPTIONS: '2' });
    const client = await gateway.connect();
    await client.ask({ id: 2, subscribe: { channel: 'channel:a' } } as { id: number });
    await client.ask({ id: 3, subscribe: { channel: 'channel:b' } } as { id: number });
    const { error } = await client.ask({ ...command, id: 4 });
    assert.equal(error?.code, code);
    assert.match(error?.message ?? '', message);
    assert.deepEqual([client.closed, gateway.log.last], [null, 0]);
  });
}

test('presence that is asked in the frame of the subscribe is answered after it, with the one who asks', async () => {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  client.say(
    { id: 2, subscribe: { channel: ROOM, join_leave: true } },
    { id: 3, presence: { channel: ROOM } },
    { id: 4, presence_stats: { channel: ROOM } },
  );
  const { presence } = await client.reply(3);
  const { presence_stats: stats } = await client.reply(4);
  const users = Object.values(presence.presence as Record<string, { user: string }>).map(({ user }) => user);
  assert.deepEqual([users, stats], [['alice'], { num_clients: 1, num_users: 1 }]);
  client.say({ id: 5, unsubscribe: { channel: ROOM } }, { id: 6, presence: { channel: ROOM } });
  assert.equal((await client.reply(6)).error?.code, 103);
});

test('presence whose answer a reader could not take answers 106 and names presence_stats', async () => {
  const gateway = new TestGateway({ CHAT_SEND_BUFFER_BYTES: '65536' });
  const user = '界'.repeat(80);
  const clients = await Promise.all(Array.from({ length: 100 }, () => gateway.connect(user)));
  for (const client of clients) await client.ask({ id: 2, subscribe: { channel: ROOM } } as { id: number });
  const { error } = (await clients[0]?.ask({ id: 3, presence: { channel: ROOM } } as { id: number })) ?? {};
  assert.deepEqual([error?.code, error?.temporary], [106, undefined]);
  assert.match(error?.message ?? '', /100 connections, too many for one reply: ask for presence_stats/);
});

for (const { subscriptions, length } of [
  { subscriptions: 128, length: 240 },
  { subscriptions: 1_000, length: 40 },
]) {
  test(`a reconnect to ${subscriptions} rooms with names of ${length} characters, as SDKs send it, is served`, async () => {
    const gateway = new TestGateway({
      CHAT_MAX_SUBSCRIPTIONS: String(subscriptions),
      CHAT_COMMAND_BURST: '10',
    });
    const client = gateway.open();
    const rooms = Array.from({ length: subscriptions }, (_, i) => `channel:${String(i).padStart(length - 8, '"')}`);
    const position = { recover: true, offset: 0, epoch: 'first' };
    const commands = [
      { id: 1, connect: { token: await tokenFor('alice') } },
      ...rooms.map((channel, i) => ({ id: i + 2, subscribe: { channel, ...position } })),
    ];
    assert.ok(commands.map(command => JSON.stringify(command)).join('\n').length > 65_536);
    client.say(...commands);
    await client.reply(subscriptions + 1);
    assert.deepEqual([client.closed, client.heard.filter(({ error }) => error)], [null, []]);
    assert.equal(client.session.subscriptions.size, subscriptions + 1);
  });
}

test('what waited for the connection comes in one frame and is served; one command too large is refused alone', async () => {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  const data = 'x'.repeat(30_000);
  client.say(
    { id: 2, publish: { channel: ROOM, data } },
    { id: 3, publish: { channel: ROOM, data: 'x'.repeat(70_000) } },
    { id: 4, publish: { channel: ROOM, data } },
  );
  await client.reply(4);
  assert.deepEqual([(await client.reply(2)).error, (await client.reply(4)).error], [undefined, undefined]);
  const { error } = await client.reply(3);
  assert.deepEqual([error?.code, error?.temporary, client.closed], [107, undefined, null]);
  assert.match(error?.message ?? '', /a command must have at most 65536 bytes/);
  assert.equal(gateway.log.last, 2);
});

test('a frame above its limit is answered with a temporary error, command by command, and the connection stays', async () => {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  const commands = Array.from({ length: 8 }, (_, i) => ({
    id: i + 2,
    publish: { channel: ROOM, data: 'x'.repeat(30_000) },
  }));
  client.say(...commands);
  const answers = await Promise.all(commands.map(({ id }) => client.reply(id)));
  assert.deepEqual(new Set(answers.map(({ error }) => `${error?.code} ${error?.temporary}`)), new Set(['111 true']));
  assert.match(answers[0]?.error?.message ?? '', /at most 196608 bytes/);
  assert.deepEqual([client.closed, gateway.log.last], [null, 0]);
});

test("the user's inbox takes none of the subscriptions", async () => {
  const gateway = new TestGateway({ CHAT_MAX_SUBSCRIPTIONS: '1' });
  const client = await gateway.connect();
  const subscribe = (id: number, channel: string) => client.ask({ id, subscribe: { channel } } as { id: number });
  assert.equal((await subscribe(2, 'channel:a')).error, undefined);
  assert.equal((await subscribe(3, 'channel:b')).error?.code, 106);
});

test('too many commands answer 111, temporary, with the limit', async () => {
  const gateway = new TestGateway({
    CHAT_COMMANDS_PER_SECOND: '10',
    CHAT_COMMAND_BURST: '5',
    CHAT_MAX_SUBSCRIPTIONS: '5',
  });
  const client = await gateway.connect();
  for (let id = 2; id <= 8; id++) client.say({ id, unsubscribe: { channel: ROOM } });
  const { error } = await client.reply(8);
  assert.deepEqual([error?.code, error?.temporary], [111, true]);
  assert.match(error?.message ?? '', /10 commands a second, 5 at once/);
  gateway.clock.pass(100);
  assert.deepEqual(await client.ask({ id: 9, unsubscribe: { channel: ROOM } } as { id: number }), {
    id: 9,
    unsubscribe: {},
  });
});

test('what waits behind a command is bounded: more than 4 MiB closes with 3013', async () => {
  const gateway = new TestGateway();
  const gate = Promise.withResolvers<void>();
  gateway.log.wait = () => gate.promise;
  const client = gateway.open();
  client.say({ id: 1, connect: { token: await tokenFor('alice') } });
  const data = 'x'.repeat(60_000);
  for (let id = 2; !client.closed && id < 200; id++) client.say({ id, publish: { channel: ROOM, data } });
  assert.equal(client.closed?.code, 3013);
  gate.resolve();
  await settle();
  assert.equal(gateway.log.last, 0);
});

test('bytes that have left the queue do not count, however long commands keep waiting in it', async () => {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  const oldId = idSource(gateway, 3_600_000);
  let gate = Promise.withResolvers<void>();
  gateway.log.wait = () => gate.promise;
  const text = 'x'.repeat(30_000);
  for (let id = 2; id < 200; id++) {
    client.say(send(id, { room: ROOM, id: oldId(), text })); // waits for a look-up, those behind it for it
    if (id < 5) continue;
    while (!client.closed && !client.heard.some(said => said.id === id - 3)) {
      const before = gate;
      gate = Promise.withResolvers();
      before.resolve();
      await settle();
    }
  }
  assert.equal(client.closed, null);
});

test('what one frame leaves in the queue counts too', async () => {
  const gateway = new TestGateway({ CHAT_MAX_FRAME_BYTES: String(16 * 1024 * 1024) });
  const gate = Promise.withResolvers<void>();
  gateway.log.wait = () => gate.promise;
  const client = gateway.open();
  const data = 'x'.repeat(30_000);
  const publishes = Array.from({ length: 200 }, (_, i) => ({ id: i + 2, publish: { channel: ROOM, data } }));
  client.say({ id: 1, connect: { token: await tokenFor('alice') } }, ...publishes);
  assert.equal(client.closed?.code, 3013);
  gate.resolve();
});

test('a message larger than NATS takes is refused for good, with the real limit, and holds up nothing', async () => {
  const gateway = new TestGateway();
  gateway.log.most = 1_000;
  const client = await gateway.connect();
  client.say(
    { id: 2, publish: { channel: ROOM, data: 'x'.repeat(1_000) } },
    send(3, { room: ROOM, id: idSource(gateway)(), text: 'x'.repeat(1_000) }),
    { id: 4, publish: { channel: ROOM, data: 'x' } },
  );
  for (const id of [2, 3]) {
    const { error } = await client.reply(id);
    assert.deepEqual([error?.code, error?.temporary], [107, undefined]);
    assert.match(error?.message ?? '', /at most 1000 bytes/);
  }
  assert.equal((await client.reply(4)).error, undefined);
  gateway.log.publish = () => Promise.reject(new MessageRefused('the stream takes no such message: too large'));
  const { error } = await client.ask({ id: 5, publish: { channel: ROOM, data: 'x' } } as { id: number });
  assert.deepEqual([error?.code, error?.temporary], [107, undefined]);
  assert.match(error?.message ?? '', /takes no such message/);
});

test('NATS away answers a publish with a temporary error; the connection and its subscriptions stay', async () => {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  await client.ask({ id: 2, subscribe: { channel: ROOM } } as { id: number });
  gateway.log.fails = () => true;
  const { error } = await client.ask({ id: 3, publish: { channel: ROOM, data: 1 } } as { id: number });
  assert.deepEqual([error?.code, error?.temporary], [100, true]);
  gateway.log.fails = () => false;
  gateway.log.append(ROOM, 'later');
  assert.equal(client.heard.at(-1)?.['push'].pub.data, 'later');
});

test('subscribe, unsubscribe and subscribe back to back end in a subscription that starts anew', async () => {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  client.say(
    { id: 2, subscribe: { channel: ROOM } },
    { id: 3, unsubscribe: { channel: ROOM } },
    { id: 4, subscribe: { channel: ROOM } },
  );
  await client.reply(4);
  assert.deepEqual(
    client.heard.map(said => [said.id, said.error?.code]),
    [
      [1, undefined],
      [2, undefined],
      [3, undefined],
      [4, undefined],
    ],
  );
  gateway.log.append(ROOM);
  await settle();
  assert.equal(client.heard.filter(said => said['push']).length, 1);
  assert.equal(gateway.rooms.find(ROOM)?.members.size, 1);
});

test('a refreshed token takes its rights with it: what it no longer allows is left, also while it is being joined', async () => {
  const gateway = new TestGateway({ CHAT_ROOM_KINDS: 'channel=Open,group=Claim' });
  const client = await gateway.connect('alice', { rooms: ['group:a', 'group:b', 'group:c'] });
  for (const [i, channel] of ['group:a', 'group:b', ROOM].entries())
    await client.ask({ id: i + 2, subscribe: { channel } } as { id: number });
  client.say(
    { id: 5, subscribe: { channel: 'group:c' } },
    { id: 6, refresh: { token: await tokenFor('alice', { rooms: ['group:a'] }) } },
  );
  await client.reply(6);
  const again = await client.ask({ id: 7, subscribe: { channel: 'group:b' } } as { id: number });
  assert.equal(again.error?.code, 103);
  assert.deepEqual([...client.session.subscriptions.keys()], ['user:alice', 'group:a', ROOM]);
  const pushes = client.heard.filter(said => said['push']).map(({ push }) => [push.channel, push.unsubscribe.code]);
  assert.deepEqual(pushes, [
    ['group:b', 2500],
    ['group:c', 2500],
  ]);
  for (const room of ['group:b', 'group:c']) assert.equal(gateway.rooms.find(room)?.members.size, 0);
});

test('who asks for it gets error 112 instead of a lost position, and is not subscribed', async () => {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  const subscribe = { channel: ROOM, recover: true, offset: 1, epoch: 'older', flag: 2 };
  const { error } = await client.ask({ id: 2, subscribe } as { id: number });
  assert.equal(error?.code, 112);
  assert.deepEqual([gateway.rooms.find(ROOM)?.members.size, client.session.subscriptions.size], [0, 1]);
});

test('a new epoch asks clients to subscribe again, and to connect again for their inbox', async () => {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  await client.ask({ id: 2, subscribe: { channel: ROOM } } as { id: number });
  gateway.rooms.find(ROOM)?.invalidate();
  assert.deepEqual(client.heard.at(-1)?.['push'], {
    channel: ROOM,
    unsubscribe: { code: 2500, reason: 'insufficient state' },
  });
  assert.equal(client.session.subscriptions.has(ROOM), false);
  gateway.rooms.find('user:alice')?.invalidate();
  assert.equal(client.closed?.code, 3010);
});

test('a page of history ends where one frame is large enough, and the next goes on', async () => {
  const gateway = new TestGateway();
  for (let i = 0; i < 40; i++) gateway.log.append(ROOM, 'x'.repeat(30_000));
  const client = await gateway.connect();
  const seen: number[] = [];
  for (let id = 2; seen.length < 40; id++) {
    const since = { offset: seen.at(-1) ?? 0, epoch: 'first' };
    const { history } = await client.ask({ id, history: { channel: ROOM, limit: 300, since } } as { id: number });
    const offsets = history.publications.map(({ offset }: { offset: number }) => offset);
    assert.ok(offsets.length > 0 && offsets.length < 20);
    seen.push(...offsets);
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 40 }, (_, i) => i + 1),
  );
});

test('the newest page of history, and those below it, come from the tail of a room as far as that has them', async () => {
  const gateway = new TestGateway({ CHAT_TAIL_MESSAGES: '60' });
  const { log, store } = gateway;
  for (let i = 0; i < 30; i++) log.append(ROOM);
  const client = await gateway.connect();
  await client.ask({ id: 2, subscribe: { channel: ROOM } } as { id: number });
  for (let i = 0; i < 50; i++) log.append(ROOM);
  log.storeUpTo(log.last);
  let id = 3;
  const page = async (limit: number, before?: number) => {
    const since = before === undefined ? {} : { since: { offset: before, epoch: log.epoch } };
    const said = await client.ask({ id, history: { channel: ROOM, limit, reverse: true, ...since } } as { id: number });
    id += 1;
    return said['history'].publications.map(({ offset }: { offset: number }) => offset);
  };
  const down = (from: number, count: number) => Array.from({ length: count }, (_, i) => from - i);
  const reads = () => store.reads + log.asked.filter(request => /^read[AL]|^stored/.test(request)).length;

  assert.deepEqual(await page(20), down(80, 20));
  assert.deepEqual(await page(20, 61), down(60, 20));
  assert.equal(reads(), 0, 'what the tail has was read');
  assert.deepEqual(await page(20, 41), down(40, 20));
  assert.ok(reads() > 0);

  // Acknowledged, but it has not come live: the newest page has it all the same.
  log.loses = () => true;
  const sent = log.append(ROOM);
  assert.deepEqual(await page(3), [sent, 80, 79]);
});

test('a client reads the history on over any number of deleted messages: an empty page is the end', async () => {
  const gateway = new TestGateway();
  const { log, store } = gateway;
  const last = 2.5 * MOST_LEFT_OUT;
  for (let i = 0; i < last; i++) log.append(ROOM);
  log.purge(last);
  for (let offset = 3; offset < last; offset++) store.blank(offset);
  const client = await gateway.connect();
  let id = 2;
  for (const reverse of [false, true])
    for (const limit of [1, 100]) {
      const seen: number[] = [];
      let skipped = 0;
      for (let since = reverse ? last + 1 : 0; ; ) {
        const asked = { channel: ROOM, limit, reverse, since: { offset: since, epoch: log.epoch } };
        const { history } = await client.ask({ id: id++, history: asked } as { id: number });
        const page: { offset: number; tags: { type: string }; info?: object }[] = history.publications;
        const end = page.at(-1)?.offset;
        if (end === undefined) break;
        assert.ok(reverse ? end < since : end > since, 'no progress');
        since = end;
        skipped += page.filter(({ tags, info }) => tags.type === 'skipped' && !info).length;
        seen.push(...page.filter(({ tags }) => tags.type !== 'skipped').map(({ offset }) => offset));
      }
      assert.deepEqual(seen, reverse ? [last, 2, 1] : [1, 2, last], `${reverse} ${limit}`);
      assert.equal(skipped, 2);
    }
});

test('a room that had no message when it was opened is whole in its tail', async () => {
  const gateway = new TestGateway();
  const { log, store } = gateway;
  const client = await gateway.connect();
  await client.ask({ id: 2, subscribe: { channel: ROOM } } as { id: number });
  for (let i = 0; i < 3; i++) log.append(ROOM);
  store.up = false;
  const said = await client.ask({ id: 3, history: { channel: ROOM, limit: 20, reverse: true } } as { id: number });
  assert.equal(said['history'].publications.length, 3);
  assert.equal(log.asked.filter(request => /^read[AL]/.test(request)).length, 0);
});

test('a connection has one read of history under way, and every one is answered, in order', async () => {
  const gateway = new TestGateway();
  for (let i = 0; i < 5; i++) gateway.log.append(ROOM);
  const client = await gateway.connect();
  let open = 0;
  let most = 0;
  const read = gateway.log.readAfter.bind(gateway.log);
  gateway.log.readAfter = async (...range) => {
    open += 1;
    most = Math.max(most, open);
    if (range[1] === 2) gateway.log.fails = request => request === 'readAfter';
    const page = await read(...range).finally(() => {
      open -= 1;
      gateway.log.fails = () => false;
    });
    return page;
  };
  for (let id = 2; id <= 31; id++) {
    const since = { offset: id % 5, epoch: 'first' };
    client.say({ id, history: { channel: ROOM, limit: 10, since } });
  }
  await client.reply(31);
  const answers = client.heard.slice(1);
  assert.deepEqual(
    answers.map(({ id }) => id),
    Array.from({ length: 30 }, (_, i) => i + 2),
  );
  assert.equal(most, 1);
  assert.equal(answers.filter(({ error }) => error?.code === 100).length, 6);
});

test('what the inbox still recovers holds up no command', async () => {
  const gateway = new TestGateway({ CHAT_RECOVERY_CHUNK: '2' });
  for (let i = 0; i < 20; i++) gateway.log.append('user:alice');
  const client = gateway.open();
  client.waiting = 10_000_000;
  const subs = { 'user:alice': { recover: true, offset: 0, epoch: 'first' } };
  client.say(
    { id: 1, connect: { token: await tokenFor('alice'), subs } },
    { id: 2, publish: { channel: ROOM, data: 1 } },
  );
  await client.reply(2);
  assert.equal(client.heard[0]?.['connect'].subs['user:alice'].recovered, true);
  client.waiting = 0;
  client.session.flushed();
  await settle();
  const offsets = client.heard.filter(said => said['push']).map(said => said['push'].pub.offset);
  assert.deepEqual(
    offsets,
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
});

test('a decoder that fails ends the connection with 3004, not the process', () => {
  const broken = {
    ...jsonCodec,
    decode: () => {
      throw new RangeError('a bug');
    },
  };
  const client = new TestGateway({}, { json: broken }).open();
  client.sayRaw('{}');
  assert.equal(client.closed?.code, 3004);
});

test('what counts against the gateway are temporary errors and tokens it cannot verify, not what clients get wrong', async () => {
  const gateway = new TestGateway();
  const good = await gateway.connect();
  await good.ask({ id: 2, subscribe: { channel: 'nothing:here' } } as { id: number });
  await gateway.connect('alice', { exp: 1 });
  assert.deepEqual(gateway.answers, [false, false, false]);
  gateway.log.wait = () => Promise.reject(new ReadFailed('the stream does not answer'));
  await good.ask({ id: 3, subscribe: { channel: 'channel:new' } } as { id: number });
  const forged = gateway.open();
  forged.say({ id: 1, connect: { token: await tokenFor('alice', {}, 'not-the-secret-of-this-gateway-at-all') } });
  assert.equal(await forged.close(), 3500);
  assert.deepEqual(gateway.answers.slice(3), [true]);
  assert.deepEqual(gateway.tokens, [true, false]);
});

test('when a kind of room is closed, those without the claim leave it, also while they wait for something else', async () => {
  const gateway = new TestGateway({ CHAT_ROOM_KINDS: 'channel=Open,group=Open' });
  const stranger = await gateway.connect('bob');
  const invited = await gateway.connect('alice', { rooms: ['group:a'] });
  for (const client of [stranger, invited]) {
    await client.ask({ id: 2, subscribe: { channel: 'group:a' } } as { id: number });
    await client.ask({ id: 3, subscribe: { channel: ROOM } } as { id: number });
  }
  const gate = Promise.withResolvers<void>();
  gateway.log.wait = () => gate.promise;
  stranger.say({ id: 4, subscribe: { channel: 'group:b' } }, { id: 5, unsubscribe: { channel: 'group:b' } });
  gateway.policy.replace(kindsOf({ roomKinds: 'channel=Open,group=Claim', roomRules: '' }));
  await leaveAllForbidden(gateway.hub.sessions);
  gateway.log.wait = () => Promise.resolve();
  gate.resolve();
  await stranger.reply(5); // both waited for the subscribe
  await settle();
  const left = (client: typeof stranger) =>
    client.heard.flatMap(({ push }) => (push?.unsubscribe ? [[push.channel, push.unsubscribe.code]] : []));
  assert.deepEqual([left(stranger)[0], left(invited)], [['group:a', 2500], []]);
  assert.deepEqual([...stranger.session.subscriptions.keys()], ['user:bob', ROOM]);
  const again = await stranger.ask({ id: 6, subscribe: { channel: 'group:a' } } as { id: number });
  assert.equal(again.error?.code, 103);
});

/** Answers of NATS take this long by the gateway's clock. */
const slowNats = (gateway: TestGateway, ms: number) => {
  gateway.log.wait = () => new Promise(resolve => void gateway.clock.after(ms, resolve));
};
/** Lets time pass in steps in which everything that is due runs. */
const passSlowly = async (gateway: TestGateway, ms: number) => {
  for (let passed = 0; passed < ms; passed += 100) {
    gateway.clock.pass(100);
    await settle();
  }
};

test('every question is answered before clients give up, though they wait for each other and for a NATS that is slow', async () => {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  gateway.log.append(ROOM);
  slowNats(gateway, 500);
  const ids = Array.from({ length: 12 }, (_, i) => i + 2);
  for (const id of ids) client.say({ id, history: { channel: ROOM, limit: 10 } });
  await passSlowly(gateway, 4_500);
  const answers = client.heard.filter(({ id }) => ids.includes(id ?? 0));
  assert.deepEqual(answers.map(({ id }) => id).sort(), ids.toSorted());
  for (const { error, history } of answers.slice(1)) assert.ok(history || (error?.code === 100 && error.temporary));
  assert.ok(
    answers.some(({ history }) => history),
    'those whose turn came',
  );
  const asked = gateway.log.asked.length;
  await passSlowly(gateway, 60_000);
  assert.ok(gateway.log.asked.length - asked < 5, 'nothing is read for those that were answered');
  assert.equal(client.heard.filter(({ id }) => ids.includes(id ?? 0)).length, ids.length, 'no second answer');
});

test('a subscribe that takes too long is answered before clients give up, and may be tried again', async () => {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  slowNats(gateway, 3_000);
  client.say({ id: 2, subscribe: { channel: ROOM } });
  await passSlowly(gateway, 4_500);
  const { error } = await client.reply(2);
  assert.deepEqual([error?.code, error?.temporary, client.session.subscriptions.has(ROOM)], [100, true, false]);
  await passSlowly(gateway, 20_000);
  gateway.log.wait = () => Promise.resolve();
  assert.ok((await client.ask({ id: 3, subscribe: { channel: ROOM } } as { id: number }))['subscribe']);
  assert.equal(gateway.rooms.find(ROOM)?.members.size, 1);
});

test('a connect that takes too long is answered before clients give up', async () => {
  const gateway = new TestGateway();
  slowNats(gateway, 3_000);
  const client = gateway.open();
  client.say({ id: 1, connect: { token: await tokenFor('alice') } });
  await until('the token is checked', () => gateway.tokens.length === 1);
  await passSlowly(gateway, 4_500);
  const { error } = await client.reply(1);
  assert.deepEqual([error?.code, error?.temporary], [100, true]);
  await passSlowly(gateway, 20_000);
  assert.equal(gateway.rooms.subscriptions(), 0);
});

test('messages that wait for look-ups of old ids are answered before clients give up, and not sent after that', async () => {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  const oldId = idSource(gateway, 3_600_000);
  slowNats(gateway, 1_000);
  const ids = Array.from({ length: 6 }, (_, i) => i + 2);
  for (const id of ids) client.say(send(id, { room: ROOM, id: oldId(), text: `text ${id}` }));
  await passSlowly(gateway, 4_500);
  const answers = client.heard.filter(({ id }) => ids.includes(id ?? 0));
  assert.deepEqual(answers.map(({ id }) => id).sort(), ids);
  const refused = answers.filter(({ error }) => error);
  assert.ok(refused.length > 0);
  for (const { error } of refused) assert.deepEqual([error?.code, error?.temporary], [100, true]);
  const { last } = gateway.log;
  await passSlowly(gateway, 60_000);
  assert.equal(gateway.log.last, last);
  assert.equal(client.heard.filter(({ id }) => ids.includes(id ?? 0)).length, ids.length, 'no second answer');
});
