import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { MongoConnection } from '../../server/store/mongo-connection.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { numbered, storeBench, streamsReady } from '../../tools/support/store-bench.ts';
import { until } from '../../tools/support/until.ts';

const backends = await startBackends({ after });

test('a new collection has its indexes before its first message', async t => {
  const bench = await storeBench(t, backends);
  await streamsReady(await bench.worker());
  const names = (await bench.collection('messages').indexes()).map(({ name }) => name);
  assert.deepEqual(names.sort(), ['_id_', 'id', 'm', 'partition_type_offset', 'room_c_offset_user', 'room_offset']);
});

test('an index that a collection lacks is built beside storing, and looked after by a metric', async t => {
  const bench = await storeBench(t, backends);
  // As an earlier version left it: with other indexes.
  await bench.collection('messages').createIndex({ dedupe: 1 }, { name: 'dedupe', sparse: true });
  const worker = await bench.worker();
  await streamsReady(worker);
  await Promise.all(numbered(1, 20).map(text => bench.publish('channel:a', text, { id: text })));
  await until('all are stored', async () => (await bench.stored('channel:a')).length === 20);
  const names = async () => (await bench.collection('messages').indexes()).map(({ name }) => name).sort();
  await until('the indexes are there', async () => (await names()).length === 7, { state: names });
  assert.deepEqual(await names(), [
    '_id_',
    'dedupe',
    'id',
    'm',
    'partition_type_offset',
    'room_c_offset_user',
    'room_offset',
  ]);
  await until('none is missing', async () => (await bench.metric(worker, 'chatcluster_store_indexes_missing')) === 0);
});

test('reads come from the primary, of what a majority has, whatever the connection string says', async t => {
  const asked = new URL(backends.mongo.uri);
  asked.searchParams.set('readPreference', 'secondaryPreferred');
  asked.searchParams.set('readConcernLevel', 'local');
  const connection = new MongoConnection(asked.href, 'pinned');
  t.after(() => connection.close());
  const collection = await connection.collection('messages');
  assert.equal(collection.readPreference?.mode, 'primary');
  assert.equal(collection.readConcern?.level, 'majority');
});
