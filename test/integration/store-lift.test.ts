import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type Delivery, deliveryInfo } from '../../server/bus/delivery.ts';
import { epochOf } from '../../server/bus/epoch.ts';
import { lift } from '../../server/bus/lift.ts';
import { logConfig } from '../../server/bus/stream-config.ts';
import { LIFT } from '../../server/bus/stream-plan.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { numbered, type StoreBench, storeBench, streamsReady } from '../../tools/support/store-bench.ts';
import { until } from '../../tools/support/until.ts';
import { faultyNats } from '../support/chat/faulty-nats.ts';

const backends = await startBackends({ after });
const { nats } = backends;

/** The streams' files as they are now; `restore` puts them back. NATS must be stopped for both. */
function copyOfStreams() {
  const live = join(nats.dataDir, 'jetstream');
  const copy = join(nats.dataDir, 'copy');
  rmSync(copy, { recursive: true, force: true });
  cpSync(live, copy, { recursive: true });
  return {
    restore() {
      rmSync(live, { recursive: true });
      cpSync(copy, live, { recursive: true });
    },
  };
}

async function logState(bench: StoreBench) {
  const info = await bench.jsm.streams.info(bench.names.logStream(0));
  return { epoch: epochOf(info), first: info.state.first_seq, last: info.state.last_seq };
}

describe('streams that run back', { concurrency: 4 }, () => {
  test('a stream that vanishes is made again above all offsets, with a live flow', async t => {
    const bench = await storeBench(t, backends);
    const worker = await bench.worker();
    await streamsReady(worker);
    for (const text of numbered(1, 5)) await bench.publish('channel:a', text);
    await until('they are stored', async () => (await bench.stored('channel:a')).length === 5);
    const before = await logState(bench);
    await bench.jsm.streams.delete(bench.names.logStream(0));
    const live: number[] = [];
    bench.nats.subscribe(bench.names.live(0, 'channel:a'), {
      callback: (_error, message) => void live.push(Number(message.headers?.get('Nats-Sequence'))),
    });
    const offset = await until('messages are taken again', async () =>
      bench.publish('channel:a', 'm6').catch(() => null),
    );
    const made = await logState(bench);
    assert.notEqual(made.epoch, before.epoch);
    assert.ok(offset >= 5 + LIFT);
    await until('it arrives live', () => live.includes(offset));
    await until('it is stored', async () => (await bench.stored('channel:a')).length === 6);
    assert.deepEqual(await bench.stored('channel:a'), numbered(1, 6));
    assert.match((await bench.health(worker)).nats.reason, /vanished/);
  });

  test('a fence left by a worker that died in a lift is taken down', async t => {
    const bench = await storeBench(t, backends);
    const first = await bench.worker('worker-0');
    await streamsReady(first);
    await first.stop();
    await bench.jsm.streams.update(bench.names.logStream(0), { subjects: [bench.names.fence(0)] });
    await assert.rejects(bench.publish('channel:a', 'm1'));
    await streamsReady(await bench.worker('worker-1'));
    await bench.publish('channel:a', 'm1');
    await until('it is stored', async () => (await bench.stored('channel:a')).length === 1);
  });

  test('bounds change in place, and what is in the stream stays', async t => {
    const bench = await storeBench(t, backends);
    const first = await bench.worker('worker-0');
    await streamsReady(first);
    await bench.publish('channel:a', 'm1');
    const before = await logState(bench);
    await first.stop();
    const changed = {
      streamMaxBytes: 32 * 1024 * 1024,
      liveMaxBytes: 8 * 1024 * 1024,
      ackWaitSeconds: 7,
      dedupeSeconds: 60,
    };
    const second = await bench.worker('worker-1', changed);
    await streamsReady(second);
    const log = (await bench.jsm.streams.info(bench.names.logStream(0))).config;
    const live = (await bench.jsm.streams.info(bench.names.liveStream(0))).config;
    const consumer = (await bench.jsm.consumers.info(bench.names.logStream(0), bench.names.storeConsumer)).config;
    assert.equal(log.max_bytes, changed.streamMaxBytes);
    assert.equal(log.duplicate_window, 60e9);
    assert.equal(log.allow_direct, true);
    assert.equal(live.max_bytes, changed.liveMaxBytes);
    assert.equal(live.mirror_direct, false, 'a mirror of the last minutes must not answer reads of the stream');
    assert.equal(consumer.ack_wait, 7e9);
    assert.deepEqual(await logState(bench), before);
  });

  test('a lift removes nothing when the connection loses messages while it rescues them', async t => {
    const bench = await storeBench(t, backends);
    const worker = await bench.worker();
    await streamsReady(worker);
    await worker.stop();
    for (const text of numbered(1, 9)) await bench.publish('channel:a', text);
    const loses = ({ reply = '' }: { reply?: string }) => [4, 5].includes(deliveryInfo(reply)?.sequence ?? 0);
    const rescued: number[] = [];
    const options = {
      log: logConfig(bench.names, 0, bench.config),
      fence: bench.names.fence(0),
      to: 1_000,
      rescue: async (messages: readonly Delivery[]) => void rescued.push(...messages.map(({ sequence }) => sequence)),
      check: () => undefined,
    };
    await assert.rejects(lift(faultyNats(bench.nats, { loses }), bench.jsm, options), /lost messages/);
    assert.equal((await logState(bench)).first, 1);
    await bench.publish('channel:a', 'chat goes on');
    rescued.length = 0;
    await lift(bench.nats, bench.jsm, options);
    assert.deepEqual(rescued.slice(0, 9), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.equal((await logState(bench)).last, 999);
  });
});

test('a stream restored from an older copy goes on above all offsets under a new epoch, and loses nothing', async t => {
  const bench = await storeBench(t, backends);
  const first = await bench.worker('worker-0');
  await streamsReady(first);
  for (const text of numbered(1, 20)) await bench.publish('channel:a', text);
  await until('they are stored', async () => (await bench.stored('channel:a')).length === 20);
  const before = await logState(bench);

  await nats.stop();
  const copy = copyOfStreams();
  await nats.start();
  await bench.natsAnswers();
  for (const text of numbered(21, 50)) await bench.publish('channel:a', text);
  await until('they are stored', async () => (await bench.stored('channel:a')).length === 50);
  await first.stop();
  await nats.stop();
  copy.restore();
  await nats.start();
  await bench.natsAnswers();
  // Acknowledged before any worker has looked: at offsets that MongoDB has other messages for.
  const reused = [await bench.publish('channel:a', 'after-1'), await bench.publish('channel:b', 'after-2')];
  assert.deepEqual(reused, [21, 22]);

  const second = await bench.worker('worker-1');
  await streamsReady(second);
  const lifted = await logState(bench);
  assert.notEqual(lifted.epoch, before.epoch);
  assert.equal(lifted.last, 50 + LIFT - 1);
  const next = await bench.publish('channel:a', 'after-3');
  assert.equal(next, 50 + LIFT);
  await until('the last is stored', async () => (await bench.stored('channel:a')).includes('after-3'));
  assert.deepEqual(
    (await bench.stored('channel:a')).sort(),
    [...numbered(1, 50), 'after-1', 'after-3'].sort(),
    'what was lost from the stream, what reused its offsets, and what came later are all there once',
  );
  assert.deepEqual(await bench.stored('channel:b'), ['after-2']);
  const last = (await bench.documents('messages')).find(each => each['offset'] === next);
  assert.equal(last?.['epoch'], lifted.epoch);
  assert.match((await bench.health(second)).nats.reason, /lost its last messages/);
  assert.equal(await bench.metric(second, 'chatcluster_stream_changes_total', { change: 'lift' }), 1);
});

test('a running worker notices the older copy when NATS comes back', async t => {
  const bench = await storeBench(t, backends);
  const worker = await bench.worker();
  await streamsReady(worker);
  for (const text of numbered(1, 5)) await bench.publish('channel:a', text);
  await nats.stop();
  const copy = copyOfStreams();
  await nats.start();
  await bench.natsAnswers();
  for (const text of numbered(6, 10)) await bench.publish('channel:a', text);
  await until('they are stored', async () => (await bench.stored('channel:a')).length === 10);
  const before = await logState(bench);
  await nats.stop();
  copy.restore();
  await nats.start();
  await bench.natsAnswers();
  await until('the epoch is new', async () => (await logState(bench)).epoch !== before.epoch);
  await until('the stream takes messages', async () => bench.publish('channel:a', 'm11').catch(() => null));
  await until('all is stored', async () => (await bench.stored('channel:a')).length === 11);
  assert.deepEqual(await bench.stored('channel:a'), numbered(1, 11));
});
