import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { numbered, storeBench, streamsReady } from '../../tools/support/store-bench.ts';
import { until } from '../../tools/support/until.ts';

const backends = await startBackends({ after });

test('every message of the stream reaches MongoDB once, in batches, and is acknowledged', async t => {
  const bench = await storeBench(t, backends, { CHAT_STORE_BATCH: '100' });
  const worker = await bench.worker();
  await streamsReady(worker);
  const texts = numbered(1, 500);
  await Promise.all(texts.map(text => bench.publish('channel:a', text)));
  await until('nothing is left to store', async () => {
    const info = await bench.jsm.consumers.info(bench.names.logStream(0), bench.names.storeConsumer);
    return info.ack_floor.stream_seq === 500 && info.num_ack_pending === 0;
  });
  assert.deepEqual((await bench.stored('channel:a')).sort(), [...texts].sort());
  assert.equal(await bench.metric(worker, 'chatcluster_stored_messages_total'), 500);
  assert.equal(await bench.metric(worker, 'chatcluster_store_redelivered_messages_total'), 0);
  const batches = await bench.metric(worker, 'chatcluster_store_batch_messages_count');
  assert.ok(batches >= 5 && batches < 250, `${batches} batches`);
  await until('the lag is zero', async () => (await bench.health(worker)).storeLag === 0);
});

test('a message is stored with its room, its sender and the epoch of the stream', async t => {
  const bench = await storeBench(t, backends);
  await streamsReady(await bench.worker());
  const offset = await bench.publish('group:ä.b c', 'hello', { id: 'id-1', dedupe: 'key-1' });
  await until('it is stored', async () => (await bench.stored('group:ä.b c')).length === 1);
  const [found] = await bench.documents('messages');
  const info = await bench.jsm.streams.info(bench.names.logStream(0));
  assert.equal(found?.['offset'], offset);
  assert.equal(found?.['epoch'], info.config.metadata?.['chat-epoch']);
  assert.equal(found?.['user'], 'alice');
  assert.equal(found?.['id'], 'id-1');
  assert.equal(found?.['type'], 'message');
});

test('what was not written by a gateway is stored too, and blocks nothing', async t => {
  const bench = await storeBench(t, backends);
  await streamsReady(await bench.worker());
  const subject = bench.names.logSubjects(0).replace('*', '%E0%A4%A');
  await bench.nats.request(subject, '{"from":"elsewhere"}');
  await bench.publish('channel:a', 'next');
  await until('the next one is stored', async () => (await bench.stored('channel:a')).length === 1);
  const found = (await bench.documents('messages')).find(each => each['offset'] === 1);
  assert.equal(found?.['room'], '%E0%A4%A');
  assert.equal(found?.['body'], '{"from":"elsewhere"}');
});

test('two workers share the messages, and only one makes the streams', async t => {
  const bench = await storeBench(t, backends, {
    CHAT_PARTITIONS: '2',
    CHAT_STORE_BATCH: '10',
    CHAT_STORE_DELAY_MS: '5',
  });
  const [a, b] = await Promise.all([bench.worker('worker-a'), bench.worker('worker-b')]);
  await Promise.all([streamsReady(a), streamsReady(b)]);
  assert.equal(
    (await bench.metric(a, 'chatcluster_stream_changes_total', { change: 'create-log' })) +
      (await bench.metric(b, 'chatcluster_stream_changes_total', { change: 'create-log' })),
    2,
  );
  const texts = numbered(1, 600);
  await Promise.all(texts.map(text => bench.publish('channel:a', text)));
  await until('all are stored', async () => (await bench.documents('messages')).length === 600);
  const counts = await Promise.all([a, b].map(each => bench.metric(each, 'chatcluster_stored_messages_total')));
  assert.ok(
    counts.every(count => count > 0),
    `both took part: ${counts}`,
  );
  assert.deepEqual((await bench.stored('channel:a')).sort(), [...texts].sort());
});
