import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { marksStream } from '../../server/bus/marks-stream.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { type StoreBench, storeBench, streamsReady } from '../../tools/support/store-bench.ts';
import { until } from '../../tools/support/until.ts';

const backends = await startBackends({ after });
const external = !backends.mongo.controllable && 'the MongoDB of MONGODB_URI cannot be stopped from here';

/** Marks of users in a room. */
function marksOf(bench: StoreBench) {
  const store = marksStream(bench.nats, bench.nats, bench.names);
  const write = async (user: string, read: number) => {
    const key = { user, room: 'group:a.b' };
    const [found] = await store.read([key]);
    assert.notEqual(await store.write(key, { read, delivered: read }, found?.revision ?? 0), null);
  };
  const stored = async () =>
    Object.fromEntries((await bench.documents('marks')).map(({ _id, read }) => [`${_id}`.split('\0')[0], read]));
  const has = (user: string, read: number) =>
    until(`${user} has read ${read}`, async () => (await stored())[user] === read, { ms: 60_000, state: stored });
  const kept = async () => (await bench.jsm.streams.info(bench.names.marksStream)).state.messages;
  return { store, write, stored, has, kept };
}

test('marks come into MongoDB through workers that come, leave and are replaced', async t => {
  const bench = await storeBench(t, backends);
  const one = await bench.worker('worker-0');
  await streamsReady(one);
  const { write, stored, has } = marksOf(bench);
  for (let user = 0; user < 50; user++) await write(`u${user}`, 1);
  await has('u49', 1);
  const two = await bench.worker('worker-1');
  await streamsReady(two);
  const leases = async () => [
    await bench.metric(one, 'chatcluster_fold_leases', { fold: 'marks' }).catch(() => 0),
    await bench.metric(two, 'chatcluster_fold_leases', { fold: 'marks' }).catch(() => 0),
  ];
  assert.deepEqual(
    (await leases()).reduce((sum, count) => sum + count),
    1,
  );
  await one.stop();
  for (let user = 0; user < 50; user++) await write(`u${user}`, 2);
  await has('u49', 2);
  assert.deepEqual(new Set(Object.values(await stored())), new Set([2]));
  await until('the lag is measured', async () =>
    bench.metric(two, 'chatcluster_fold_lag_entries', { fold: 'marks' }).then(
      lag => lag === 0,
      () => false,
    ),
  );
});

test('above CHAT_MARKS_KEPT the marks not written for longest are removed once MongoDB has them', {
  skip: external,
}, async t => {
  const bench = await storeBench(t, backends, { CHAT_MARKS_KEPT: '1000' });
  const worker = await bench.worker();
  await streamsReady(worker);
  await backends.mongo.stop();
  t.after(() => backends.mongo.start());
  const { store, write, has, kept } = marksOf(bench);
  const key = (user: number) => ({ user: `u${user}`, room: 'group:a.b' });
  for (let user = 0; user < 1_200; user++)
    assert.notEqual(await store.write(key(user), { read: 1, delivered: 1 }, 0), null);
  await until(
    'the worker says that it may remove none',
    async () => /more marks than CHAT_MARKS_KEPT/.test((await bench.health(worker)).folds?.reason ?? ''),
    { ms: 60_000, state: () => bench.health(worker) },
  );
  assert.equal(await kept(), 1_200);
  await backends.mongo.start();
  await until('the oldest are gone', async () => (await kept()) === 1_000, { ms: 90_000, state: kept });
  assert.deepEqual((await store.read([key(0), key(1_199)])).map(Boolean), [false, true]);
  await has('u0', 1);
  await write('u0', 2);
  await has('u0', 2);
  await until('nothing is reported', async () => (await bench.health(worker)).folds?.reason === '', { ms: 60_000 });
});

test('of a stream that is made again everything is folded again, and marks in MongoDB do not fall', async t => {
  const bench = await storeBench(t, backends);
  const worker = await bench.worker();
  await streamsReady(worker);
  const { write, has, stored } = marksOf(bench);
  await write('ann', 9);
  await write('bob', 9);
  await has('bob', 9);
  await bench.jsm.streams.delete(bench.names.marksStream);
  await until(
    'the stream is made again',
    () => bench.jsm.streams.info(bench.names.marksStream).then(Boolean, () => false),
    { ms: 60_000 },
  );
  await write('ann', 3);
  await write('eve', 1);
  await has('eve', 1);
  assert.deepEqual(await stored(), { ann: 9, bob: 9, eve: 1 });
});
