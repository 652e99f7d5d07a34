import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { type Clock, type Moment, systemClock } from '../../server/time/clock.ts';
import { startMongo } from '../../tools/local/mongo.ts';
import { startNats } from '../../tools/local/nats.ts';
import { startNatsCluster } from '../../tools/local/nats-cluster.ts';
import { numbered, type StoreBench, storeBench, streamsReady } from '../../tools/support/store-bench.ts';
import { until } from '../../tools/support/until.ts';

const [nats, single, mongo] = await Promise.all([startNatsCluster(), startNats(), startMongo()]);
after(() => Promise.all([nats.close(), single.close(), mongo.close()]));
const THREE = { nats, mongo };
const ONE = { nats: single, mongo };

/** Replicas of all that a worker makes: its partition's streams, the bucket of the lock, POLICY and MARKS. */
async function copiesOf({ jsm, names }: StoreBench): Promise<number[]> {
  const all = [
    names.logStream(0),
    names.liveStream(0),
    names.lastStream(0),
    `KV_${names.lockBucket}`,
    `KV_${names.policyBucket}`,
    names.marksStream,
  ];
  return await Promise.all(all.map(async name => (await jsm.streams.info(name)).config.num_replicas));
}

/** The system's time, which the test sets ahead. */
function ahead(): { readonly clock: Clock; pass(ms: number): void } {
  let ms = 0;
  return {
    clock: { ...systemClock, now: () => (systemClock.now() + ms) as Moment },
    pass: by => {
      ms += by;
    },
  };
}

/** The worker's report of the copies, once it reports so many. */
const says = (bench: StoreBench, worker: Awaited<ReturnType<StoreBench['worker']>>, fewest: number) =>
  until(
    `the worker says ${fewest}`,
    async () => {
      const { copies } = await bench.health(worker);
      return copies?.fewest === fewest ? copies : null;
    },
    { ms: 60_000, state: () => bench.health(worker) },
  );

/** Streams that somebody made with so many copies, by a worker that has ended. */
async function madeWith(t: TestContext, backends: typeof THREE | typeof ONE, streamReplicas: number) {
  const bench = await storeBench(t, backends);
  const worker = await bench.worker('worker-0', { streamReplicas });
  await streamsReady(worker);
  await worker.stop();
  return bench;
}

test('three servers, not set: everything a worker makes has three copies', async t => {
  const bench = await storeBench(t, THREE);
  const worker = await bench.worker();
  await streamsReady(worker);
  assert.deepEqual(await copiesOf(bench), [3, 3, 3, 3, 3, 3]);
  assert.deepEqual(await says(bench, worker, 3), { fewest: 3, whyNotMore: '' });
});

test('one server, not set: one copy, and the worker says why', async t => {
  const bench = await storeBench(t, ONE);
  const worker = await bench.worker();
  await streamsReady(worker);
  assert.deepEqual(await copiesOf(bench), [1, 1, 1, 1, 1, 1]);
  assert.match((await says(bench, worker, 1)).whyNotMore ?? '', /^NATS is a single server/);
  assert.equal((await bench.health(worker)).nats.reachable, true);
});

test('one server, three set: no stream is made, and the worker says why', async t => {
  const bench = await storeBench(t, ONE);
  const worker = await bench.worker('worker-0', { streamReplicas: 3 });
  await until('the worker says why', async () => /non-clustered/.test((await bench.health(worker)).nats.reason));
  await assert.rejects(bench.jsm.streams.info(bench.names.logStream(0)), /not found/);
  assert.equal((await bench.health(worker)).copies, undefined);
});

test('streams of one copy get three where NATS has the servers, a minute after the start, and lose nothing by it', async t => {
  const bench = await madeWith(t, THREE, 1);
  assert.deepEqual(await copiesOf(bench), [1, 1, 1, 1, 1, 1]);
  const time = ahead();
  const worker = await bench.worker('worker-1', {}, undefined, time.clock);
  await streamsReady(worker);
  for (const text of numbered(1, 20)) await bench.publish('channel:a', text);
  assert.deepEqual([(await says(bench, worker, 1)).fewest, await copiesOf(bench)], [1, [1, 1, 1, 1, 1, 1]]);
  time.pass(60_000);
  for (const text of numbered(21, 60)) await bench.publish('channel:a', text);
  await says(bench, worker, 3);
  assert.deepEqual(await copiesOf(bench), [3, 3, 3, 3, 3, 3]);
  const { config } = await bench.jsm.streams.info(bench.names.logStream(0));
  assert.equal(config.allow_direct, true);
  await until('all are stored', async () => (await bench.stored('channel:a')).length === 60);
  assert.deepEqual(await bench.stored('channel:a'), numbered(1, 60));
});

test('streams of one copy stay as they are, and in use, where NATS has no more servers', async t => {
  const bench = await madeWith(t, ONE, 1);
  const time = ahead();
  const worker = await bench.worker('worker-1', {}, undefined, time.clock);
  await streamsReady(worker);
  time.pass(60_000);
  await until(
    'NATS was asked',
    async () => /^NATS is a single server/.test((await says(bench, worker, 1)).whyNotMore ?? ''),
    {
      ms: 60_000,
    },
  );
  assert.deepEqual(await copiesOf(bench), [1, 1, 1, 1, 1, 1]);
  await bench.publish('channel:a', 'm1');
  await until('it is stored', async () => (await bench.stored('channel:a')).length === 1);
  assert.equal((await bench.health(worker)).nats.reachable, true);
});

test('streams of more copies keep them where none is set, and a number that is set is taken up and down', async t => {
  const bench = await madeWith(t, THREE, 3);
  const time = ahead();
  const worker = await bench.worker('worker-1', {}, undefined, time.clock);
  await streamsReady(worker);
  time.pass(60_000);
  await says(bench, worker, 3);
  assert.deepEqual(await copiesOf(bench), [3, 3, 3, 3, 3, 3]);
  await worker.stop();
  const set = await bench.worker('worker-2', { streamReplicas: 1 });
  await streamsReady(set);
  assert.deepEqual((await copiesOf(bench)).slice(0, 3), [1, 1, 1]);
  assert.deepEqual(await says(bench, set, 1), { fewest: 1, whyNotMore: '' });
});
