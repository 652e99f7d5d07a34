import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { digests } from '../../server/bus/digests.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { numbered, storeBench, streamsReady } from '../../tools/support/store-bench.ts';
import { until } from '../../tools/support/until.ts';

const backends = await startBackends({ after });
const { mongo } = backends;
const options = { skip: mongo.controllable ? false : 'MONGODB_URI cannot be stopped' };

test('MongoDB away for ten ack waits loses nothing, repeats nothing and sets nothing aside', options, async t => {
  const bench = await storeBench(t, backends, { CHAT_ACK_WAIT_SECONDS: '1', CHAT_STORE_BATCH: '50' });
  const worker = await bench.worker();
  await streamsReady(worker);
  await bench.publish('channel:a', 'm1');
  await until('the first is acknowledged', async () => {
    const { ack_floor } = await bench.jsm.consumers.info(bench.names.logStream(0), bench.names.storeConsumer);
    return ack_floor.stream_seq === 1;
  });

  await mongo.stop();
  t.after(() => mongo.start());
  const began = performance.now();
  await Promise.all(numbered(2, 300).map(text => bench.publish('channel:a', text)));
  await until('the worker says why', async () => {
    const { store } = await bench.health(worker);
    return !store.reachable && /ECONNREFUSED/.test(store.reason);
  });
  assert.equal((await bench.health(worker)).nats.reachable, true);
  await until('the lag is told', async () => (await bench.health(worker)).storeLag === 299);
  assert.equal((await fetch(`${worker.adminUrl}/readyz`)).status, 200, 'an outage does not unlist a worker');
  // Nothing is to be seen when NATS would have given a message up: that it does not needs the time of ten tries.
  await until('ten ack waits have passed', () => performance.now() - began > 10_000);
  await mongo.start();

  await until('all is stored', async () => (await bench.health(worker)).storeLag === 0);
  assert.deepEqual((await bench.stored('channel:a')).sort(), numbered(1, 300).sort());
  assert.deepEqual(await bench.documents('rejected'), []);
  assert.ok((await bench.metric(worker, 'chatcluster_store_retries_total')) > 0);
  assert.equal((await bench.health(worker)).store.reachable, true);
});

test(
  'a worker that starts while MongoDB is away folds the state, is not ready and says why, and stores when MongoDB is back',
  options,
  async t => {
    const bench = await storeBench(t, backends);
    const before = await bench.worker();
    await streamsReady(before);
    await bench.publish('channel:a', 'm1');
    await until('it is stored', async () => (await bench.stored('channel:a')).length === 1);
    await before.stop();
    await bench.collection('messages').dropIndex('room_offset');
    await mongo.stop();
    t.after(() => mongo.start());
    const worker = await bench.worker('worker-1');
    await Promise.all(numbered(2, 50).map(text => bench.publish('channel:a', text)));
    const readyz = async () => {
      const answer = await fetch(`${worker.adminUrl}/readyz`);
      return [answer.status, await answer.text()];
    };
    await until('the streams are read', async () => (await readyz())[1]?.toString().includes('MongoDB'));
    const digest = async () => (await digests(bench.nats, bench.names).read(0, ['channel:a'])).get('channel:a')?.value;
    await until('the state is folded', async () => (await digest())?.top === 50, { state: digest });
    const lag = (fold: string) => bench.metric(worker, 'chatcluster_fold_lag_entries', { fold });
    await until('its lag is told', async () => (await lag('state')) === 0 && (await lag('views')) > 0);
    await until('and that of storing', async () => (await bench.health(worker)).storeLag === 49);
    const { nats, store } = await bench.health(worker);
    assert.deepEqual([nats.reachable, store.reachable], [true, false]);
    assert.equal(await bench.metric(worker, 'chatcluster_store_up'), 0);
    assert.equal((await readyz())[0], 503, 'a rollout of workers that cannot store stops at the first');

    await mongo.start();
    await streamsReady(worker);
    await until('all is stored', async () => (await bench.stored('channel:a')).length === 50);
    await until('the views follow', async () => (await lag('views')) === 0);
    const names = async () => (await bench.collection('messages').indexes()).map(({ name }) => name);
    await until('the index is there', async () => (await names()).includes('room_offset'), { state: names });
    assert.deepEqual(await bench.documents('rejected'), []);
  },
);

test('a silent MongoDB, which answers nothing, is held out as well', options, async t => {
  const bench = await storeBench(t, backends, { CHAT_ACK_WAIT_SECONDS: '1' });
  const worker = await bench.worker();
  await streamsReady(worker);
  mongo.signal('SIGSTOP');
  try {
    await Promise.all(numbered(1, 20).map(text => bench.publish('channel:a', text)));
    await until('the worker notices', async () => !(await bench.health(worker)).store.reachable);
  } finally {
    mongo.signal('SIGCONT');
  }
  await until('all is stored', async () => (await bench.stored('channel:a')).length === 20);
  assert.deepEqual(await bench.documents('rejected'), []);
});

test(
  'when LOG is full publishes are refused, everything acknowledged is stored, and room is made again',
  options,
  async t => {
    const bench = await storeBench(t, backends, {
      CHAT_STREAM_MAX_BYTES: String(1024 * 1024),
      CHAT_HOT_WINDOW_SECONDS: '0',
      CHAT_DEDUPE_SECONDS: '10',
      CHAT_PURGE_SECONDS: '1',
    });
    await streamsReady(await bench.worker());
    await mongo.stop();
    t.after(() => mongo.start());
    const acknowledged: string[] = [];
    const padding = 'x'.repeat(20_000);
    const fill = async () => {
      for (let number = 0; number < 100; number++) {
        const text = `${number} ${padding}`;
        await bench.publish('channel:a', text);
        acknowledged.push(text);
      }
    };
    await assert.rejects(fill(), /maximum bytes exceeded/);
    assert.ok(acknowledged.length > 10);
    await mongo.start();
    await until('a publish is taken again', async () => {
      try {
        await bench.publish('channel:a', 'after');
        return true;
      } catch {
        return false;
      }
    });
    // A later batch may be stored before one that is tried again.
    let stored = new Set<string>();
    await until(
      'everything acknowledged is stored',
      async () => {
        stored = new Set(await bench.stored('channel:a'));
        return stored.has('after') && acknowledged.every(text => stored.has(text));
      },
      { state: () => ({ acknowledged: acknowledged.length, stored: stored.size, after: stored.has('after') }) },
    );
  },
);

test(
  'a worker that starts while NATS and MongoDB are away serves its health and begins when they come',
  options,
  async t => {
    const bench = await storeBench(t, backends);
    await backends.nats.stop();
    await mongo.stop();
    t.after(() => mongo.start());
    const worker = await bench.worker();
    assert.equal((await fetch(`${worker.adminUrl}/livez`)).status, 200);
    assert.equal((await fetch(`${worker.adminUrl}/readyz`)).status, 503);
    await until('both have a reason', async () => {
      const { nats, store } = await bench.health(worker);
      return !nats.reachable && /NATS cannot be reached/.test(nats.reason) && /ECONNREFUSED/.test(store.reason);
    });
    await backends.nats.start();
    await until('the streams wait for MongoDB', async () => {
      const { nats } = await bench.health(worker);
      return nats.reachable && /MongoDB/.test(nats.reason);
    });
    await mongo.start();
    await streamsReady(worker);
    await bench.publish('channel:a', 'm1');
    await until('it is stored', async () => (await bench.stored('channel:a')).length === 1);
  },
);

test(
  'NATS restarted while MongoDB is away delivers live again, and what was sent is stored later',
  options,
  async t => {
    const bench = await storeBench(t, backends);
    const worker = await bench.worker();
    await streamsReady(worker);
    await mongo.stop();
    t.after(() => mongo.start());
    const live: number[] = [];
    bench.nats.subscribe(bench.names.liveSubjects(0), {
      callback: (_error, message) => void live.push(Number(message.headers?.get('Nats-Sequence'))),
    });
    await backends.nats.stop();
    await backends.nats.start();
    await bench.natsAnswers();
    const offset = await bench.publish('channel:a', 'm1');
    await until('it arrives live', () => live.includes(offset));
    await until('LOG alone answers its reads', async () => {
      const { config } = await bench.jsm.streams.info(bench.names.liveStream(0));
      return config.mirror_direct === false;
    });
    await mongo.start();
    await until('it is stored', async () => (await bench.stored('channel:a')).length === 1);
  },
);
