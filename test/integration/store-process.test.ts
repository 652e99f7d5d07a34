import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { freePort, startChild } from '../../tools/local/child.ts';
import { startNats } from '../../tools/local/nats.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { numbered, type StoreBench, storeBench, streamsReady } from '../../tools/support/store-bench.ts';
import { until } from '../../tools/support/until.ts';

const backends = await startBackends({ after });

async function workerProcess(t: { after(end: () => Promise<void>): void }, bench: StoreBench, env = {}) {
  const port = await freePort();
  const child = await startChild(process.execPath, ['server/worker.ts'], {
    env: { PATH: process.env['PATH'], ...bench.env, CHAT_ADMIN_PORT: String(port), ...env },
  });
  t.after(() => child.stop());
  const adminUrl = `http://127.0.0.1:${port}`;
  return { child, worker: { adminUrl, adminPort: port, stop: () => child.stop() } };
}

test('a worker killed with a batch in its hands loses nothing: the next one stores it once', async t => {
  if (!backends.mongo.controllable) return t.skip('MONGODB_URI cannot be stopped');
  const bench = await storeBench(t, backends, { CHAT_ACK_WAIT_SECONDS: '1' });
  const { child, worker } = await workerProcess(t, bench);
  await streamsReady(worker);
  const consumer = () => bench.jsm.consumers.info(bench.names.logStream(0), bench.names.storeConsumer);
  backends.mongo.signal('SIGSTOP'); // the write is under way and cannot end
  try {
    await Promise.all(numbered(1, 50).map(text => bench.publish('channel:a', text)));
    await until('the worker holds messages', async () => (await consumer()).num_ack_pending > 0);
    await child.kill();
  } finally {
    backends.mongo.signal('SIGCONT');
  }
  await bench.worker('worker-1');
  await until('all is stored and acknowledged', async () => (await consumer()).ack_floor.stream_seq === 50);
  assert.deepEqual((await bench.stored('channel:a')).sort(), numbered(1, 50).sort());
});

test('SIGTERM ends a worker with 0, with everything it took stored and acknowledged', async t => {
  const bench = await storeBench(t, backends, { CHAT_STORE_DELAY_MS: '10000' });
  const { child, worker } = await workerProcess(t, bench);
  await streamsReady(worker);
  const consumer = () => bench.jsm.consumers.info(bench.names.logStream(0), bench.names.storeConsumer);
  await bench.publish('channel:a', 'm1');
  await until('the batch waits to fill', async () => (await consumer()).num_ack_pending === 1);
  child.signal('SIGTERM');
  await child.ended;
  assert.equal(child.exitCode(), 0, child.output());
  assert.deepEqual(await bench.stored('channel:a'), ['m1']);
  const after = await consumer();
  assert.deepEqual([after.ack_floor.stream_seq, after.num_ack_pending], [1, 0]);
});

test('SIGTERM while MongoDB is away ends a worker with 0, and gives back what it held', async t => {
  if (!backends.mongo.controllable) return t.skip('MONGODB_URI cannot be stopped');
  const bench = await storeBench(t, backends, { CHAT_ACK_WAIT_SECONDS: '3600' });
  const { child, worker } = await workerProcess(t, bench);
  await streamsReady(worker);
  await backends.mongo.stop();
  t.after(() => backends.mongo.start());
  await bench.publish('channel:a', 'm1');
  await until('it tries', async () => (await bench.metric(worker, 'chatcluster_store_retries_total')) > 0);
  child.signal('SIGTERM');
  await child.ended;
  assert.equal(child.exitCode(), 0, child.output());
  await backends.mongo.start();
  await streamsReady(await bench.worker('worker-1')); // long before the ack wait of an hour
  await until('it is stored', async () => (await bench.stored('channel:a')).length === 1);
});

test('bad options end a worker with 1 and the list of all problems, without the secrets', async t => {
  const bench = await storeBench(t, backends);
  const bad = { CHAT_PARTITIONS: '0', CHAT_STORE_BATCH: 'many', CHAT_NATS_URL: '' };
  const { child } = await workerProcess(t, bench, { ...bad, CHAT_MONGODB_URI: 'mongodb://u:hunter2@h' });
  await child.ended;
  assert.equal(child.exitCode(), 1);
  for (const name of Object.keys(bad)) assert.match(child.output(), new RegExp(name));
  assert.doesNotMatch(child.output(), /hunter2/);
});

test('a worker with wrong credentials says so, keeps them out of its log, and begins when they are right', async t => {
  const guarded = await startNats({ user: 'chat', password: 'secret-one' });
  t.after(() => guarded.close());
  const bench = await storeBench(t, backends);
  const { child, worker } = await workerProcess(t, bench, {
    CHAT_NATS_URL: guarded.url,
    CHAT_NATS_USER: 'chat',
    CHAT_NATS_PASSWORD: 'secret-two',
  });
  await until('it says why', async () => {
    const answer = await bench.health(worker).catch(() => null);
    return answer?.nats.reachable === false && answer.nats.reason === 'NATS refused the credentials';
  });
  assert.doesNotMatch(child.output(), /secret-two/);
  await guarded.stop();
  const corrected = await startNats({
    dataDir: guarded.dataDir,
    port: guarded.port,
    user: 'chat',
    password: 'secret-two',
  });
  t.after(() => corrected.close());
  await streamsReady(worker);
  assert.equal((await bench.health(worker)).nats.reachable, true);
});
