import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { AckPolicy } from '@nats-io/jetstream';
import { pull } from '../../server/bus/pull.ts';
import { startBackends } from '../support/backends.ts';
import { numbered, storeBench, streamsReady } from '../support/store-bench.ts';
import { until } from '../support/until.ts';

const backends = await startBackends({ after });

test('the purge stops at the slowest durable consumer, and goes on when that one does', async t => {
  const bench = await storeBench(t, backends, { CHAT_HOT_WINDOW_SECONDS: '0', CHAT_PURGE_SECONDS: '1' });
  const worker = await bench.worker();
  await streamsReady(worker);
  const stream = bench.names.logStream(0);
  await bench.jsm.consumers.add(stream, { durable_name: 'push', ack_policy: AckPolicy.All });
  const first = async () => (await bench.jsm.streams.info(stream)).state.first_seq;
  await Promise.all(numbered(1, 100).map(text => bench.publish('channel:a', text)));
  await until('all is stored', async () => (await bench.stored('channel:a')).length === 100);

  const [push] = await pull(bench.nats, stream, 'push', { batch: 1, maxBytes: 1_000_000, waitMs: 5_000 });
  push?.ack(); // the first message only
  await until('the acknowledged one is gone', async () => (await first()) === 2);
  await until('the purge has looked again', async () => (await bench.health(worker)).storeLag === 0);
  assert.equal(await first(), 2);

  await bench.jsm.consumers.delete(stream, 'push');
  await until('everything stored is gone', async () => (await first()) === 101);
  assert.equal(await bench.metric(worker, 'chatcluster_log_purged_messages_total'), 100);
});

test('the hot window keeps stored messages in the stream', async t => {
  const bench = await storeBench(t, backends, { CHAT_HOT_WINDOW_SECONDS: '5', CHAT_PURGE_SECONDS: '1' });
  const worker = await bench.worker();
  await streamsReady(worker);
  const stream = bench.names.logStream(0);
  const sent = new Map<number, number>();
  const state = async () => (await bench.jsm.streams.info(stream)).state;
  for (const text of numbered(1, 5)) sent.set(await bench.publish('channel:a', text), performance.now());
  await until('the window starts behind the old ones', async () => {
    const { last_seq } = await state();
    sent.set(await bench.publish('channel:a', `m${last_seq}`), performance.now());
    const { first_seq } = await state();
    for (const [offset, at] of sent)
      if (offset < first_seq) assert.ok(performance.now() - at > 4_900, `${offset} was removed inside the window`);
    return first_seq > 5;
  });
});

test('nothing is purged while MongoDB does not have it', async t => {
  if (!backends.mongo.controllable) return t.skip('MONGODB_URI cannot be stopped');
  const bench = await storeBench(t, backends, { CHAT_HOT_WINDOW_SECONDS: '0', CHAT_PURGE_SECONDS: '1' });
  const worker = await bench.worker();
  await streamsReady(worker);
  const stream = bench.names.logStream(0);
  await bench.publish('channel:a', 'm1');
  await until('it is stored and purged', async () => (await bench.jsm.streams.info(stream)).state.first_seq === 2);
  await backends.mongo.stop();
  await Promise.all(numbered(2, 50).map(text => bench.publish('channel:a', text)));
  await until('the worker has tried', async () => (await bench.metric(worker, 'chatcluster_store_retries_total')) > 1);
  assert.equal((await bench.jsm.streams.info(stream)).state.first_seq, 2);
  assert.equal((await bench.jsm.streams.info(stream)).state.messages, 49);
  await backends.mongo.start();
  await until('all is stored', async () => (await bench.stored('channel:a')).length === 50);
});
