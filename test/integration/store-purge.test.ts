import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { AckPolicy } from '@nats-io/jetstream';
import { pino } from 'pino';
import { epochOf } from '../../server/bus/epoch.ts';
import { Health } from '../../server/worker/health.ts';
import { WorkerMetrics } from '../../server/worker/metrics.ts';
import { Purge } from '../../server/worker/purge.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { numbered, storeBench, streamsReady } from '../../tools/support/store-bench.ts';
import { until } from '../../tools/support/until.ts';
import { ManualClock } from '../support/clocks/manual-clock.ts';

const backends = await startBackends({ after });
const PURGING = { CHAT_HOT_WINDOW_SECONDS: '0', CHAT_DEDUPE_SECONDS: '10', CHAT_PURGE_SECONDS: '1' };

describe('purges', { concurrency: 4 }, () => {
  test('a durable consumer of another program holds no message: it is counted, and named in the log once', async t => {
    const bench = await storeBench(t, backends, PURGING);
    const lines: string[] = [];
    const worker = await bench.worker(
      'worker-0',
      {},
      pino({ level: 'warn' }, { write: line => void lines.push(line) }),
    );
    await streamsReady(worker);
    const stream = bench.names.logStream(0);
    await bench.jsm.consumers.add(stream, { durable_name: 'foreign', ack_policy: AckPolicy.Explicit });
    const first = async () => (await bench.jsm.streams.info(stream)).state.first_seq;
    const foreign = async () => await bench.metric(worker, 'chatcluster_log_foreign_consumers');
    const told = () => lines.filter(line => line.includes('foreign'));
    await Promise.all(numbered(1, 100).map(text => bench.publish('channel:a', text)));
    await until('everything stored is gone', async () => (await first()) === 101);
    assert.equal(await bench.metric(worker, 'chatcluster_log_purged_messages_total'), 100);
    await until('it is counted', async () => (await foreign()) === 1);
    await bench.publish('channel:a', 'm101');
    await until('the purge has gone on', async () => (await first()) === 102);
    assert.equal(told().length, 1, told().join('\n'));
    assert.match(told()[0] ?? '', new RegExp(stream));
    await bench.jsm.consumers.delete(stream, 'foreign');
    await until('it is no longer counted', async () => (await foreign()) === 0);
  });

  test('a stream that fills gives up the hot window, but nothing that a repeat after a restart would store twice', async t => {
    const max = 2 * 1024 * 1024;
    const bench = await storeBench(t, backends, { CHAT_STREAM_MAX_BYTES: String(max), CHAT_DEDUPE_SECONDS: '10' });
    const worker = await bench.worker();
    await streamsReady(worker);
    const state = async () => (await bench.jsm.streams.info(bench.names.logStream(0))).state;
    const text = 'x'.repeat(8_000);
    let sent = 0;
    const sentAt: number[] = [];
    while (sent < 256) {
      sentAt.push(performance.now());
      await Promise.all(Array.from({ length: 64 }, () => bench.publish('channel:a', text)));
      sent += 64;
      await until('there is room', async () => {
        const { bytes, first_seq } = await state();
        const begun = sentAt[Math.floor((first_seq - 2) / 64)] ?? Number.NEGATIVE_INFINITY;
        assert.ok(
          performance.now() - begun > 9_900,
          `offset ${first_seq - 1} was removed inside the deduplication window`,
        );
        return bytes < 0.76 * max;
      });
    }
    await until('all is stored', async () => (await bench.collection('messages').countDocuments()) === sent);
    const { bytes, last_seq } = await state();
    assert.equal(last_seq, sent);
    assert.ok(bytes > 0.4 * max, `${bytes} bytes are left: no more than needed is given up`);
    assert.ok((await bench.metric(worker, 'chatcluster_log_bytes')) > 0);
    assert.equal(await bench.metric(worker, 'chatcluster_log_max_bytes'), max);
    const shortened = await bench.metric(worker, 'chatcluster_log_purged_in_window_messages_total');
    assert.equal(shortened, await bench.metric(worker, 'chatcluster_log_purged_messages_total'));
    const space = async () => (await bench.health(worker)).log;
    await until('it is reported', async () => (await space())?.room === 'WindowShortened');
    assert.match((await space())?.reason ?? '', new RegExp(bench.names.logStream(0)));
  });

  test('the hot window keeps stored messages in the stream', async t => {
    const bench = await storeBench(t, backends, {
      CHAT_HOT_WINDOW_SECONDS: '5',
      CHAT_DEDUPE_SECONDS: '10',
      CHAT_PURGE_SECONDS: '1',
    });
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

  const A_DAY_MS = 86_400_000;
  for (const [what, aheadMs, early, late] of [
    ['ahead of the clock of the leader', A_DAY_MS, 1, 11],
    ['a day behind the clock of the leader', -A_DAY_MS, 6, 11],
    ['right', 0, 1, 11],
  ] as const)
    test(`stored messages whose stamps are ${what} leave the stream a hot window after they came`, async t => {
      const bench = await storeBench(t, backends);
      const worker = await bench.worker();
      await streamsReady(worker);
      const stream = bench.names.logStream(0);
      for (const text of numbered(1, 5)) await bench.publish('channel:a', text);
      await worker.stop();
      const clock = new ManualClock();
      const { streams } = bench.jsm;
      // The leader stamps entries and tells the time: a clock that was set makes the two differ.
      const info = async (name: string) => {
        const found = await streams.info(name);
        return { ...found, ts: new Date(Date.parse(found.ts ?? '') - aheadMs).toISOString() };
      };
      const metrics = new WorkerMetrics();
      const jsm = Object.assign(Object.create(bench.jsm), {
        streams: Object.assign(Object.create(streams), { info }),
      }) as typeof bench.jsm;
      const epoch = epochOf(await streams.info(stream));
      const purge = new Purge({
        connection: bench.nats,
        jsm,
        names: bench.names,
        partition: 0,
        digests: {
          cover: async () => ({ value: { epoch, from: 1, below: 1_000, lease: 1, checked: 0 }, revision: 1 }),
          since: async () => new Map(),
        },
        consumers: [],
        folds: { floors: async () => [{ fold: 'all', floor: 1_000 }] },
        hotWindowMs: 3_600_000,
        dedupeMs: 120_000,
        floor: async () => ({ offset: 1_000, complete: 1_000, rolledBack: false }),
        intervalMs: 0,
        health: new Health(1, bench.names.logStream, clock),
        metrics,
        clock,
        log: pino({ level: 'silent' }),
      });
      const first = async () => {
        await until('LIVE has all', async () => {
          const [log, live] = await Promise.all([stream, bench.names.liveStream(0)].map(name => streams.info(name)));
          return log?.state.last_seq === live?.state.last_seq;
        });
        await purge.run([], true);
        return (await streams.info(stream)).state.first_seq;
      };
      await first();
      for (const text of numbered(6, 10)) await bench.publish('channel:a', text);
      clock.stall(1_800_000);
      assert.equal(await first(), early);
      clock.stall(3_600_000);
      assert.equal(await first(), late);
    });

  test('nothing is purged before LIVE has copied it: every message still goes live after LIVE stood still', async t => {
    const bench = await storeBench(t, backends, PURGING);
    const worker = await bench.worker();
    await streamsReady(worker);
    const [log, live] = [bench.names.logStream(0), bench.names.liveStream(0)];
    const seen: number[] = [];
    bench.nats.subscribe(bench.names.liveSubjects(0), {
      callback: (_error, message) => void seen.push(Number(message.headers?.get('Nats-Sequence'))),
    });
    await bench.publish('channel:a', 'm1');
    await until('it is stored and purged', async () => (await bench.jsm.streams.info(log)).state.first_seq === 2);
    const { config } = await bench.jsm.streams.info(live);
    await bench.jsm.streams.delete(live);
    // It hears from nobody until the worker makes it again, some seconds later.
    await bench.jsm.streams.add({ ...config, mirror: { name: `${log}_NOWHERE`, opt_start_seq: 2 } });
    await Promise.all(numbered(2, 20).map(text => bench.publish('channel:a', text)));
    await until('all is stored', async () => (await bench.stored('channel:a')).length === 20);
    await until('all has gone live', () => seen.length === 20, { ms: 60_000, state: () => seen });
    await until('and is purged', async () => (await bench.jsm.streams.info(log)).state.first_seq === 21);
  });
});

test('a stream that fills because MongoDB is away keeps everything and says that it is nearly full', async t => {
  if (!backends.mongo.controllable) return t.skip('MONGODB_URI cannot be stopped');
  const max = 1024 * 1024;
  const bench = await storeBench(t, backends, { CHAT_STREAM_MAX_BYTES: String(max), CHAT_DEDUPE_SECONDS: '10' });
  const worker = await bench.worker();
  await streamsReady(worker);
  const room = async () => (await bench.health(worker)).log?.room;
  await until('there is room', async () => (await room()) === 'Enough');
  await backends.mongo.stop();
  const text = 'x'.repeat(8_000);
  const count = Math.floor((0.9 * max) / 8_400);
  for (let sent = 0; sent < count; sent++) await bench.publish('channel:a', text);
  await until('it says so', async () => (await room()) === 'NearlyFull');
  assert.equal((await bench.jsm.streams.info(bench.names.logStream(0))).state.messages, count);
  await backends.mongo.start();
  await until('all is stored', async () => (await bench.collection('messages').countDocuments()) === count);
  await until('there is room again', async () => (await room()) === 'WindowShortened');
});

test('nothing is purged while MongoDB does not have it', async t => {
  if (!backends.mongo.controllable) return t.skip('MONGODB_URI cannot be stopped');
  const bench = await storeBench(t, backends, PURGING);
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
