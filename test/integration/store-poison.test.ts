import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { storeBench, streamsReady } from '../../tools/support/store-bench.ts';
import { until } from '../../tools/support/until.ts';

const backends = await startBackends({ after });

test('a message that MongoDB refuses is set aside, and those around it are stored', async t => {
  const bench = await storeBench(t, backends);
  const worker = await bench.worker();
  await streamsReady(worker);
  await bench.publish('channel:a', 'm1', { id: 'taken' });
  await until('the first is stored', async () => (await bench.stored('channel:a')).length === 1);
  await bench.collection('messages').createIndex({ id: 1 }, { unique: true, sparse: true });
  await bench.publish('channel:a', 'm2', { id: 'two' });
  const offset = await bench.publish('channel:a', 'refused', { id: 'taken' });
  await bench.publish('channel:a', 'm4', { id: 'four' });
  await until('the last is stored', async () => (await bench.stored('channel:a')).includes('m4'));
  assert.deepEqual(await bench.stored('channel:a'), ['m1', 'm2', 'm4']);
  const aside = await until('it is set aside', async () => (await bench.documents('rejected'))[0]);
  assert.equal(aside['offset'], offset);
  assert.equal(aside['body'], '{"text":"refused"}');
  assert.equal(aside['code'], 11_000);
  await until('it is acknowledged', async () => (await bench.health(worker)).storeLag === 0);
  assert.equal(await bench.metric(worker, 'chatcluster_store_rejected_messages_total', { code: '11000' }), 1);
});
