import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Collection, Document } from 'mongodb';
import { lostRangesOf } from '../../server/bus/lost-ranges.ts';
import type { Worker } from '../../server/worker/start.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { openClient } from '../../tools/support/sdk.ts';
import { numbered, type StoreBench, storeBench, streamsReady } from '../../tools/support/store-bench.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const KEEPING = { CHAT_HOT_WINDOW_SECONDS: '3600', CHAT_PURGE_SECONDS: '1' };
const PURGING = { CHAT_HOT_WINDOW_SECONDS: '0', CHAT_DEDUPE_SECONDS: '10', CHAT_PURGE_SECONDS: '1' };
const ROOM = 'channel:a';

interface Database {
  collection(name: string): Pick<Collection, 'deleteMany' | 'replaceOne' | 'findOne'>;
}

/** The database as it was when the partition's floor was `offset`, as a restore brings it back. */
async function windBack(database: Database, offset: number): Promise<void> {
  await database.collection('messages').deleteMany({ offset: { $gt: offset } });
  const floors = database.collection('floors');
  const key = { _id: 0 } as Document;
  if (offset === 0) await floors.deleteMany(key);
  else await floors.replaceOne(key, { offset, complete: offset }, { upsert: true });
}

const logInfo = (bench: StoreBench) => bench.jsm.streams.info(bench.names.logStream(0));
const ackFloor = async (bench: StoreBench) =>
  (await bench.jsm.consumers.info(bench.names.logStream(0), bench.names.storeConsumer)).ack_floor.stream_seq;

async function publishStored(bench: StoreBench, from: number, to: number): Promise<void> {
  for (const text of numbered(from, to)) await bench.publish(ROOM, text);
  await until('they are stored', async () => (await bench.stored(ROOM)).length === to);
  await until('they are acknowledged', async () => (await ackFloor(bench)) >= to);
}

/** Workers note every 2 s up to where all is stored: a loss of what came since may pass unseen. */
async function noted(bench: StoreBench, workers: readonly Worker[], offset: number): Promise<void> {
  for (const worker of workers)
    await until(
      'it has noted how far all is stored',
      async () => (await bench.metric(worker, 'chatcluster_store_complete_offset')) === offset,
    );
}

describe('MongoDB that went back', { concurrency: 4 }, () => {
  test('a worker that runs while MongoDB loses messages stores them again from the stream', async t => {
    const bench = await storeBench(t, backends, KEEPING);
    const worker = await bench.worker();
    await streamsReady(worker);
    await publishStored(bench, 1, 20);
    await noted(bench, [worker], 20);
    await windBack(bench, 10);
    // The next message raises the floor above everything that is missing.
    await bench.publish(ROOM, 'm21');
    await until('all is there', async () => (await bench.stored(ROOM)).length === 21);
    assert.deepEqual(await bench.stored(ROOM), numbered(1, 21));
    assert.match((await bench.health(worker)).nats.reason, /MongoDB lost .* stored again/);
    assert.equal(await bench.metric(worker, 'chatcluster_stream_changes_total', { change: 'refill' }), 1);
    assert.deepEqual(lostRangesOf(await logInfo(bench)), []);
  });

  for (const offset of [10, 0])
    test(`workers that start after MongoDB went back to ${offset} purge nothing before it is stored again`, async t => {
      const bench = await storeBench(t, backends, KEEPING);
      const first = await bench.worker('worker-0');
      await streamsReady(first);
      await publishStored(bench, 1, 20);
      await first.stop();
      await windBack(bench, offset);
      const options = { hotWindowSeconds: 0, dedupeSeconds: 10, purgeSeconds: 1 };
      const workers = [await bench.worker('worker-1', options), await bench.worker('worker-2', options)];
      for (const worker of workers) await streamsReady(worker);
      await bench.publish(ROOM, 'm21');
      await until('all is there', async () => (await bench.stored(ROOM)).length === 21);
      await until('all is purged', async () => (await logInfo(bench)).state.messages === 0);
      assert.deepEqual(await bench.stored(ROOM), numbered(1, 21));
      assert.deepEqual(lostRangesOf(await logInfo(bench)), []);
    });

  test('several workers refill once, not one after the other', async t => {
    const bench = await storeBench(t, backends, KEEPING);
    const workers = [await bench.worker('worker-0'), await bench.worker('worker-1'), await bench.worker('worker-2')];
    for (const worker of workers) await streamsReady(worker);
    await publishStored(bench, 1, 50);
    await noted(bench, workers, 50);
    await windBack(bench, 5);
    for (const text of numbered(51, 80)) await bench.publish(ROOM, text);
    await until('all is there', async () => (await bench.stored(ROOM)).length === 80);
    const changes = async () => {
      const counts = workers.map(worker =>
        bench.metric(worker, 'chatcluster_stream_changes_total', { change: 'refill' }),
      );
      return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
    };
    // Each has looked at the streams again.
    for (const text of numbered(81, 90)) await bench.publish(ROOM, text);
    await until('all is there', async () => (await bench.stored(ROOM)).length === 90);
    assert.equal(await changes(), 1);
  });

  test('what the stream no longer has is noted on it, once, and the rest is stored again', async t => {
    const bench = await storeBench(t, backends, PURGING);
    const first = await bench.worker('worker-0');
    await streamsReady(first);
    await publishStored(bench, 1, 20);
    await until('they are purged', async () => (await logInfo(bench)).state.first_seq === 21);
    await first.stop();
    await windBack(bench, 10);
    const second = await bench.worker('worker-1');
    await streamsReady(second);
    assert.deepEqual(lostRangesOf(await logInfo(bench)), [{ from: 11, to: 20 }]);
    assert.match((await bench.health(second)).nats.reason, /11 to 20/);
    await bench.publish(ROOM, 'm21');
    await until('it is stored', async () => (await bench.stored(ROOM)).length === 11);
    await second.stop();
    const third = await bench.worker('worker-2');
    await streamsReady(third);
    assert.equal(await bench.metric(third, 'chatcluster_stream_changes_total'), 0, 'nothing is lost twice');
    assert.deepEqual(lostRangesOf(await logInfo(bench)), [{ from: 11, to: 20 }]);
  });

  test('streams that were made again or lifted, and messages of no room, are no loss', async t => {
    const bench = await storeBench(t, backends, KEEPING);
    const first = await bench.worker('worker-0');
    await streamsReady(first);
    await publishStored(bench, 1, 5);
    const stream = bench.names.logStream(0);
    // As the marker of a lift that was given up.
    const { subjects } = (await logInfo(bench)).config;
    await bench.jsm.streams.update(stream, { subjects: [bench.names.fence(0)] });
    await bench.nats.request(bench.names.fence(0), '');
    await bench.jsm.streams.update(stream, { subjects });
    await until('it is acknowledged', async () => (await ackFloor(bench)) === 6);
    await first.stop();
    const second = await bench.worker('worker-1');
    await streamsReady(second);
    assert.equal(await bench.metric(second, 'chatcluster_stream_changes_total'), 0);
    await bench.jsm.streams.delete(stream);
    await until('it is made again', async () => (await logInfo(bench).catch(() => null)) !== null);
    await until('the worker is content', async () => (await bench.health(second)).nats.reachable);
    await second.stop();
    const third = await bench.worker('worker-2');
    await streamsReady(third);
    assert.equal(await bench.metric(third, 'chatcluster_stream_changes_total'), 0);
    assert.deepEqual(lostRangesOf(await logInfo(bench)), []);
  });

  test('a client that would have missed what is lost is told so, and one that would not recovers', async t => {
    const cluster = await startCluster(t, backends, { env: { ...PURGING, CHAT_PARTITIONS: '1' } });
    const alice = await openClient(t, cluster.gateways[0].url);
    const sent = [];
    for (let number = 1; number <= 20; number++) sent.push(await alice.send(ROOM, `m${number}`));
    const { offset: last, epoch } = sent.at(-1) ?? assert.fail();
    const tenth = sent[9]?.offset ?? 0;
    await until('they are purged', async () => (await cluster.firstOffset(ROOM)) > last);
    alice.sdk.disconnect();
    await windBack(cluster, tenth);
    await until('the loss is noted', async () => (await cluster.lost(ROOM)).length > 0);
    await cluster.restartGateways();
    const bob = await openClient(t, cluster.gateways[0].url, { user: 'bob' });
    const recovered = async (offset: number) => {
      const subscription = bob.sdk.newSubscription(ROOM, { since: { offset, epoch } });
      const context = new Promise<{ recovered: boolean }>(resolve => subscription.on('subscribed', resolve));
      subscription.subscribe();
      const answer = await context;
      bob.sdk.removeSubscription(subscription);
      return answer.recovered;
    };
    assert.equal(await recovered(tenth), false);
    assert.equal(await recovered(last), true);
  });
});
