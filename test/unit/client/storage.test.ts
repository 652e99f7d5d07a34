import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chat } from '../../../client/chat.ts';
import { type StorageLike, webStorage } from '../../../client/storage.ts';
import { OpenRooms } from '../../../web/src/page/open-rooms.ts';
import { FakeChatServer } from '../../support/chat/fake-chat-server.ts';
import { FaultyStorage, STORAGE_CALLS } from '../../support/chat/faulty-storage.ts';
import { ManualClock } from '../../support/clocks/manual-clock.ts';
import { settle } from '../../support/clocks/settle.ts';

const ROOM = 'channel:general';

function start(storage: StorageLike) {
  const clock = new ManualClock();
  const servers: FakeChatServer[] = [];
  const transport = (onConnection: ConstructorParameters<typeof FakeChatServer>[1]) => {
    const server = new FakeChatServer('alice', onConnection);
    servers.push(server);
    return server;
  };
  const chat = new Chat({ user: 'alice', storage: webStorage(storage), clock, random: () => 0.5, transport });
  const [server] = servers;
  assert.ok(server);
  return { chat, server, clock };
}
const outboxKeys = (storage: FaultyStorage) => [...storage.values.keys()].filter(key => key.includes('/outbox/'));
const sentTexts = (server: FakeChatServer) => server.sends.map(({ text }) => text);

for (const call of [...STORAGE_CALLS, 'all'] as const) {
  const broken = call === 'all' ? STORAGE_CALLS : [call];

  test(`a storage whose ${call} always throws is as good as memory`, async () => {
    const storage = new FaultyStorage();
    for (const each of broken) storage.broken.add(each);
    const { chat, server } = start(storage);
    const room = chat.open(ROOM);
    room.send('before');
    chat.connect();
    await settle();
    room.send('after');
    await settle();
    assert.deepEqual(sentTexts(server), ['before', 'after']);
    assert.deepEqual(
      room.messages.map(({ text }) => text),
      ['before', 'after'],
    );
    assert.deepEqual(room.outgoing, []);
    server.say(ROOM, 'from bob');
    room.markRead();
    assert.equal(room.unread, 0);
    const rooms = new OpenRooms(webStorage(storage), 'alice');
    assert.equal(rooms.add('channel:x'), true);
    rooms.remove('channel:random');
    assert.deepEqual(rooms.names, ['channel:general', 'channel:x']);
  });

  test(`one failing ${call} while messages wait holds up none of them, and leaves nothing to be sent twice`, async () => {
    const storage = new FaultyStorage();
    const { chat, server } = start(storage);
    const room = chat.open(ROOM);
    for (const text of ['one', 'two']) room.send(text);
    for (const each of broken) storage.broken.add(each);
    room.send('three');
    chat.connect();
    await settle();
    assert.deepEqual(sentTexts(server), ['one', 'two', 'three']);
    assert.deepEqual(room.outgoing, []);
    storage.broken.clear();
    room.send('four');
    await settle();
    assert.deepEqual(sentTexts(server), ['one', 'two', 'three', 'four']);
    assert.deepEqual(outboxKeys(storage), []);
  });

  test(`messages in a storage whose ${call} throws at the start are sent once it can be read`, async () => {
    const storage = new FaultyStorage();
    start(storage).chat.open(ROOM).send('kept');
    for (const each of broken) storage.broken.add(each);
    const { chat, server } = start(storage);
    chat.open(ROOM);
    storage.broken.clear();
    chat.connect();
    await settle();
    assert.deepEqual(sentTexts(server), ['kept']);
    assert.deepEqual(outboxKeys(storage), []);
  });
}

test('what a full storage did not take is saved once there is room, so that a reload finds it', () => {
  const storage = new FaultyStorage();
  storage.broken.add('setItem');
  const room = start(storage).chat.open(ROOM);
  room.send('one');
  storage.broken.clear();
  room.send('two');
  const waiting = start(storage)
    .chat.open(ROOM)
    .outgoing.map(({ text }) => text);
  assert.deepEqual(waiting, ['one', 'two']);
});

test('a listener that throws holds up neither the outbox nor the other listeners, and its error is not swallowed', async t => {
  const { chat, server } = start(new FaultyStorage());
  const errors: unknown[] = [];
  const caught = (error: unknown) => void errors.push(error);
  process.setUncaughtExceptionCaptureCallback(caught);
  t.after(() => process.setUncaughtExceptionCaptureCallback(null));
  const room = chat.open(ROOM);
  let heard = 0;
  room.changed.add(() => {
    throw new Error('a bug of the page');
  });
  room.changed.add(() => {
    heard += 1;
  });
  chat.connect();
  for (const text of ['one', 'two']) room.send(text);
  await settle();
  assert.deepEqual(sentTexts(server), ['one', 'two']);
  assert.ok(heard > 0);
  assert.equal(errors.length, heard);
});
