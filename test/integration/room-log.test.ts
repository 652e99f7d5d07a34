import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { directBatch } from '../../server/bus/direct-read.ts';
import { messageSend } from '../../server/chat/message-send.ts';
import { callVerb } from '../../server/chat/verb.ts';
import { systemClock } from '../../server/time/clock.ts';
import { startNats } from '../../tools/local/nats.ts';
import { nextId } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { faultyNats } from '../support/chat/faulty-nats.ts';
import { FreeCall } from '../support/chat/free-call.ts';
import { MemoryStore } from '../support/chat/memory-store.ts';
import { natsLog } from '../support/chat/nats-log.ts';
import { roomLogContract } from '../support/chat/room-log-contract.ts';
import { testChat, testConfig } from '../support/chat/test-chat.ts';

const nats = await startNats();
after(() => nats.close());
const start = (t: TestContext, server = nats) => natsLog(t, server);

roomLogContract('over NATS', t => start(t));

test('message.send stores for a caller without a connection, once for each id and in the order of the calls', async t => {
  const { log } = await start(t);
  const access = () => ({ may: () => null });
  const chat = testChat({ clocks: systemClock, config: testConfig(), access, log, store: new MemoryStore() });
  const send = (text: string, id = nextId()) =>
    callVerb(messageSend, new FreeCall(), { room: 'channel:free', id, text }, chat);
  const texts = Array.from({ length: 50 }, (_, index) => `text ${index}`);
  const sent = await Promise.all(texts.map(text => send(text)));
  const { epoch } = await log.state(0);
  assert.deepEqual(
    sent,
    texts.map((_, index) => ({ offset: index + 1, epoch, duplicate: false })),
  );
  const id = nextId();
  const [first, again] = [await send('once', id), await send('once', id)];
  assert.deepEqual(
    [first, again],
    [
      { offset: 51, epoch, duplicate: false },
      { offset: 51, epoch, duplicate: true },
    ],
  );
});

test('while NATS is known to be down every read fails at once, and works again afterwards', async t => {
  const own = await startNats();
  t.after(() => own.close());
  const { log, read } = await start(t, own);
  const down = new Promise<void>(resolve => {
    void (async () => {
      for await (const { type } of read.status()) if (type === 'disconnect') resolve();
    })();
  });
  await own.kill();
  await down;
  const room = 'channel:a';
  const reads = () => [
    log.state(0),
    log.top(room),
    log.next(room, 0),
    log.tops(0, [room]),
    log.purgedTops(0, [room]),
    log.readAfter(room, 0, 1),
    log.readLastBelow(room, 9),
    log.storedFloor(0),
  ];
  for (const asked of reads()) await assert.rejects(asked, { name: 'ReadFailed', message: 'NATS is not connected' });
  await own.start();
  await until('all work again', () =>
    Promise.all(reads()).then(
      () => true,
      () => false,
    ),
  );
});

test('a publish without a stream, or without NATS, is a failure, not a wait', async t => {
  const { log, write, names } = await start(t);
  const envelope = {
    type: 'publish',
    id: '',
    dedupe: '',
    time: 0,
    user: 'a',
    client: 'c',
    traceparent: '',
    cv: 0,
    seen: 0,
    targets: [],
  } as const;
  const jsm = await jetstreamManager(write);
  await jsm.streams.delete(names.logStream(0));
  await assert.rejects(log.publish('channel:a', new Uint8Array([0x31]), envelope), { name: 'PublishFailed' });
  const reads = [log.state(0), log.top('channel:a'), log.tops(0, ['channel:a']), log.readAfter('channel:a', 0, 1)];
  await Promise.all(reads.map(read => assert.rejects(read, { name: 'ReadFailed' })));
  await write.close();
  assert.equal(log.connected(), false);
  await assert.rejects(log.publish('channel:a', new Uint8Array([0x31]), envelope), { name: 'PublishFailed' });
});

for (const { what, request } of [
  { what: 'a request that makes no sense', request: { batch: 'many' } },
  { what: 'too many rooms', request: { multi_last: Array.from({ length: 1_100 }, (_, i) => `nothing.${i}`) } },
]) {
  test(`a direct get of ${what} is answered or fails, and never hangs`, async t => {
    const { read, names } = await start(t);
    const answer = await directBatch(read, names.logStream(0), request, 2_000).catch((error: Error) => error.name);
    assert.ok(answer === 'ReadFailed' || (typeof answer === 'object' && answer.messages.length === 0));
  });
}

test('a direct get of more rooms than the server answers is a failure, not a short answer', async t => {
  const { log, read, names } = await start(t);
  const envelope = {
    type: 'publish',
    id: '',
    dedupe: '',
    time: 0,
    user: 'a',
    client: 'c',
    traceparent: '',
    cv: 0,
    seen: 0,
    targets: [],
  } as const;
  const rooms = Array.from({ length: 1_100 }, (_, i) => `channel:${i}`);
  await Promise.all(rooms.map(room => log.publish(room, new Uint8Array([0x31]), envelope)));
  assert.equal((await log.tops(0, rooms.slice(0, 1_000))).offsets.size, 1_000);
  const all = { multi_last: [names.logSubjects(0)] };
  await assert.rejects(directBatch(read, names.logStream(0), all, 2_000), /413/);
});

test('without a LAST stream, as before an upgrade of the workers, nothing is known of what was purged', async t => {
  const { log, write, names, purge } = await start(t);
  const envelope = {
    type: 'publish',
    id: '',
    dedupe: '',
    time: 0,
    user: 'a',
    client: 'c',
    traceparent: '',
    cv: 0,
    seen: 0,
    targets: [],
  } as const;
  for (let i = 0; i < 5; i++) await log.publish('channel:a', new Uint8Array([0x31]), envelope);
  const jsm = await jetstreamManager(write);
  await jsm.streams.delete(names.lastStream(0));
  assert.deepEqual([...(await log.purgedTops(0, ['channel:b']))], [['channel:b', 0]]);
  await purge(3, false);
  assert.deepEqual([...(await log.purgedTops(0, ['channel:b']))], [['channel:b', 3]]);
});

test('of a digest that an earlier release wrote the last message is not known, and that of others is', async t => {
  const { log, write, names, purge } = await start(t);
  const message = { type: 'message', id: 'm', dedupe: '', time: 0, user: 'a', client: 'c', traceparent: '' } as const;
  const rooms = ['channel:a', 'channel:b', 'channel:c'];
  for (const room of rooms) await log.publish(room, Buffer.from('{}'), { ...message, cv: 0, seen: 0, targets: [] });
  await purge(0); // the worker folds, and purges nothing
  await write.request(names.last(0, 'channel:a'), JSON.stringify({ top: 1 }));
  await write.request(names.last(0, 'channel:b'), JSON.stringify({ top: 2, deleted: [] }));
  const found = await log.newest(0, rooms);
  assert.deepEqual(
    rooms.map(room => [found.get(room)?.entry?.offset, found.get(room)?.countable]),
    [
      [1, null],
      [2, null],
      [3, 3],
    ],
  );
});

test('a direct get that nobody answers, or on a closed connection, is a failure', async t => {
  const { read } = await start(t);
  await assert.rejects(directBatch(read, 'NO_SUCH_STREAM', { seq: 1 }, 500), { name: 'ReadFailed' });
  await read.close();
  await assert.rejects(directBatch(read, 'NO_SUCH_STREAM', { seq: 1 }, 500), { name: 'ReadFailed' });
});

test('a read of which the connection loses a part fails: what is missing is not taken for absent', async t => {
  const { write, names } = await start(t);
  const rooms = ['channel:a', 'channel:b', 'channel:c'];
  for (const room of [...rooms, ...rooms]) await write.request(names.log(0, room), '"x"'); // at 1 to 6
  const stream = names.logStream(0);
  const requests = [
    { seq: 1, next_by_subj: names.logSubjects(0), batch: 3 },
    { multi_last: rooms.map(room => names.log(0, room)) },
  ];
  for (const request of requests) {
    assert.equal((await directBatch(write, stream, request, 2_000)).messages.length, 3);
    for (const lost of [0, 1, 2]) {
      let count = 0;
      const lossy = faultyNats(write, { loses: () => count++ === lost });
      await assert.rejects(
        directBatch(lossy, stream, request, 2_000),
        { name: 'ReadFailed' },
        `without answer ${lost}`,
      );
    }
  }
});

test('how long ids are recognised is what the stream says, not an option', async t => {
  const { log, names, write } = await start(t);
  const jsm = await jetstreamManager(write);
  await log.state(0);
  assert.equal(log.dedupeMs(0), 120_000);
  await jsm.streams.update(names.logStream(0), { duplicate_window: nanos(10_000) });
  await log.state(0);
  assert.equal(log.dedupeMs(0), 10_000);
});
