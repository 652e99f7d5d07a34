import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { Delivery, FLAWLESS } from '../../tools/support/delivery.ts';
import { openClient, record, sendSurely } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { LONG_TEXTS, startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const ROOM = 'channel:outage';
const ACK_WAIT_SECONDS = 1;
const external = !backends.mongo.controllable && 'the MongoDB of MONGODB_URI cannot be stopped from here';

test('MongoDB is away for longer than the ack wait: chat goes on, nothing is lost or set aside', {
  skip: external,
}, async t => {
  const cluster = await startCluster(t, backends, { env: { CHAT_ACK_WAIT_SECONDS: String(ACK_WAIT_SECONDS) } });
  const alice = await openClient(t, cluster.gateways[0].url);
  const bob = await openClient(t, cluster.gateways[0].url, { user: 'bob' });
  const delivery = new Delivery();
  await record(bob, 'bob', ROOM, delivery);
  await sendSurely(alice, ROOM, 'before', delivery);
  await until('the first is stored', async () => (await cluster.storedCount()) === 1);

  await backends.mongo.stop();
  const stoppedAt = performance.now();
  let sent = 1;
  await until('the outage is ten times the ack wait long', async () => {
    await sendSurely(alice, ROOM, `${sent++}`, delivery);
    return performance.now() - stoppedAt > ACK_WAIT_SECONDS * 10_000;
  });
  await until('bob reads on', () => delivery.complete(), { state: () => delivery.state() });
  await backends.mongo.start();

  await until('the backlog is stored', async () => (await cluster.storedCount()) === sent, {
    ms: 60_000,
    state: () => ({ sent }),
  });
  assert.equal(await cluster.rejectedCount(), 0);
  assert.deepEqual(delivery.verdict(), FLAWLESS);
});

test('history older than the stream answers a temporary error while MongoDB is away', { skip: external }, async t => {
  const cluster = await startCluster(t, backends, {
    env: { CHAT_HOT_WINDOW_SECONDS: '0', CHAT_DEDUPE_SECONDS: '10', CHAT_PURGE_SECONDS: '1' },
  });
  const alice = await openClient(t, cluster.gateways[0].url);
  const { offset, epoch } = await alice.send(ROOM, 'old');
  await until('the stream has forgotten it', async () => (await cluster.firstOffset(ROOM)) > offset);
  await backends.mongo.stop();
  t.after(() => backends.mongo.start());
  await assert.rejects(alice.sdk.history(ROOM, { limit: 10 }), { code: 100, temporary: true });
  await alice.send(ROOM, 'new');
  await backends.mongo.start();
  const read = await until('history is back', () =>
    alice.sdk.history(ROOM, { limit: 10, since: { offset: offset - 1, epoch } }).catch(() => null),
  );
  assert.equal(read.publications.length, 2);
});

test('the stream is full because MongoDB is away: publishes answer a temporary error, then all is stored', {
  skip: external,
}, async t => {
  const cluster = await startCluster(t, backends, {
    env: {
      CHAT_PARTITIONS: '1',
      ...LONG_TEXTS,
      CHAT_STREAM_MAX_BYTES: String(1024 * 1024),
      CHAT_HOT_WINDOW_SECONDS: '0',
      CHAT_DEDUPE_SECONDS: '10',
      CHAT_PURGE_SECONDS: '1',
    },
  });
  const alice = await openClient(t, cluster.gateways[0].url);
  await backends.mongo.stop();
  t.after(() => backends.mongo.start());
  let acknowledged = 0;
  const text = 'x'.repeat(20_000);
  const refusal = await until('a publish is refused', () =>
    alice.send(ROOM, text).then(
      () => {
        acknowledged += 1;
        return null;
      },
      (error: { readonly code: number; readonly temporary?: boolean }) => error,
    ),
  );
  assert.equal(refusal.temporary, true);
  assert.ok(acknowledged > 10, `refused after ${acknowledged}`);
  await backends.mongo.start();
  await until('publishes are taken again', () => alice.send(ROOM, 'again').catch(() => null), { ms: 60_000 });
  // What was refused because its answer came too late may be stored all the same.
  let stored = 0;
  await until(
    'everything acknowledged is stored',
    async () => {
      stored = await cluster.storedCount();
      return stored > acknowledged;
    },
    { ms: 60_000, state: () => ({ acknowledged, stored }) },
  );
  assert.equal(await cluster.rejectedCount(), 0);
});
