import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { LIFT } from '../../server/bus/stream-plan.ts';
import { startMongo } from '../../tools/local/mongo.ts';
import { startNatsCluster } from '../../tools/local/nats-cluster.ts';
import { Delivery, FLAWLESS } from '../../tools/support/delivery.ts';
import { BUILDS, nextId, openClient, record, sendSurely } from '../../tools/support/sdk.ts';
import { type StoreBench, storeBench, streamsReady } from '../../tools/support/store-bench.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const nats = await startNatsCluster();
after(() => nats.close());
const mongo = await startMongo();
after(() => mongo.close());
const backends = { nats, mongo };
const THREE = { CHAT_STREAM_REPLICAS: '3' };

const logInfo = (bench: StoreBench) => bench.jsm.streams.info(bench.names.logStream(0));

/** The server that leads LOG. */
const leader = (bench: StoreBench) =>
  until('LOG has a leader', async () => {
    const info = await logInfo(bench).catch(() => null);
    return info?.cluster?.leader ? nats.member(info.cluster.leader) : null;
  });

/** Resolves when every server has the stream as its leader does. */
const replicated = (bench: StoreBench) =>
  until('all replicas are current', async () => {
    const replicas = (await logInfo(bench).catch(() => null))?.cluster?.replicas ?? [];
    return replicas.length === 2 && replicas.every(each => each.current && (each.lag ?? 0) === 0);
  });

/** Publishes as a gateway does whose client sends again until it is acknowledged. @returns ids in the order of the sends */
async function publishSurely(bench: StoreBench, room: string, count: number, underway?: (sent: number) => void) {
  const ids: string[] = [];
  for (let sent = 0; sent < count; sent++) {
    const id = crypto.randomUUID();
    const keys = { id, dedupe: id };
    await until(`${id} is acknowledged`, () => bench.publish(room, id, keys).then(Boolean, () => false));
    ids.push(id);
    underway?.(sent);
  }
  return ids;
}

/** Distinct messages of a room in MongoDB. */
const storedIds = async (bench: StoreBench, room: string) => new Set(await bench.stored(room));

/** Brings every server back, whatever a test left it in. */
async function allUp(): Promise<void> {
  for (const server of nats.servers) {
    server.signal('SIGCONT');
    await server.start();
  }
}

describe('three servers that all run', { concurrency: 4 }, () => {
  test('three servers: one message that is sent by many at the same moment is stored once, and all learn its place', async t => {
    const cluster = await startCluster(t, backends, { env: THREE });
    const clients = await Promise.all(
      Array.from({ length: 10 }, (_, index) => openClient(t, cluster.gateways[index % 2]?.url ?? '')),
    );
    await Promise.all(clients.map(client => client.connected()));
    for (let round = 0; round < 10; round++) {
      const id = nextId();
      const answers = await Promise.all(clients.map(client => client.send('channel:race', `${round}`, id)));
      assert.equal(new Set(answers.map(({ offset }) => offset)).size, 1);
      assert.equal(answers.filter(({ duplicate }) => !duplicate).length, 1);
    }
  });

  test('three servers: streams of one replica grow to three while they are used, and what is purged is recovered', async t => {
    const env = { CHAT_STREAM_REPLICAS: '1', CHAT_HOT_WINDOW_SECONDS: '60', CHAT_DEDUPE_SECONDS: '60' };
    const bench = await storeBench(t, backends, env);
    const first = await bench.worker('worker-0');
    await streamsReady(first);
    const before = await publishSurely(bench, 'channel:a', 50);
    await first.stop();
    const second = await bench.worker('worker-1', { streamReplicas: 3 });
    const during = publishSurely(bench, 'channel:a', 50);
    await streamsReady(second);
    for (const stream of [bench.names.logStream(0), bench.names.liveStream(0), bench.names.lastStream(0)])
      await until(`${stream} has three replicas`, async () => {
        const { config, cluster } = await bench.jsm.streams.info(stream);
        return config.num_replicas === 3 && cluster?.replicas?.length === 2;
      });
    await replicated(bench);
    const all = [...before, ...(await during)];
    await until('all are stored', async () => (await storedIds(bench, 'channel:a')).size === all.length);
    assert.deepEqual([...(await storedIds(bench, 'channel:a'))].sort(), all.toSorted());
  });

  test('three servers: a stream that ran back is lifted, and loses nothing', async t => {
    const bench = await storeBench(t, backends, THREE);
    const first = await bench.worker('worker-0', { storeDelayMs: 5_000 });
    await streamsReady(first);
    const ids = await publishSurely(bench, 'channel:a', 30);
    await first.stop();
    // As if MongoDB had seen more than the stream holds.
    await bench.collection('floors').updateOne({ _id: 0 as never }, { $set: { offset: 500 } }, { upsert: true });
    await bench.collection('messages').deleteMany({});
    const second = await bench.worker('worker-1');
    await streamsReady(second);
    const { state } = await logInfo(bench);
    assert.equal(state.last_seq, 500 + LIFT - 1);
    ids.push(...(await publishSurely(bench, 'channel:a', 5)));
    await until('all are stored', async () => (await storedIds(bench, 'channel:a')).size === ids.length);
    assert.deepEqual([...(await storedIds(bench, 'channel:a'))].sort(), ids.toSorted());
  });

  test('three servers: after a purge a reader recovers everything, whichever replica answers', async t => {
    const env = {
      ...THREE,
      CHAT_HOT_WINDOW_SECONDS: '5',
      CHAT_DEDUPE_SECONDS: '10',
      CHAT_PURGE_SECONDS: '1',
      CHAT_TAIL_MESSAGES: '5',
    };
    const cluster = await startCluster(t, backends, { env });
    const room = 'channel:purged';
    const delivery = new Delivery();
    const alice = await openClient(t, cluster.gateways[0].url);
    const { epoch } = await sendSurely(alice, room, 'x', delivery);
    for (let sent = 0; sent < 40; sent++) await sendSurely(alice, room, 'x', delivery);
    await until('the first are purged', async () => (await cluster.firstOffset(room)) > 1);
    await cluster.restartGateways();
    const readers = await Promise.all(
      [0, 1, 0, 1].map(async (gateway, index) => {
        const reader = await openClient(t, cluster.gateways[gateway]?.url ?? '', { user: `reader-${index}` });
        const got = delivery.client(`reader-${index}`);
        const subscription = reader.sdk.newSubscription(room, { since: { offset: 0, epoch } });
        subscription.on('publication', ({ data, offset }) => got((data as { id: string }).id, offset ?? 0));
        const recovered = new Promise<boolean>(resolve =>
          subscription.on('subscribed', ({ recovered }) => resolve(recovered)),
        );
        subscription.subscribe();
        return await recovered;
      }),
    );
    assert.deepEqual(readers, [true, true, true, true]);
    await until('everyone has everything', () => delivery.complete(), { state: () => delivery.state() });
    assert.deepEqual(delivery.verdict(), FLAWLESS);
  });
});

test('three servers: everything acknowledged is stored, through the end of a leader and the silence of two others', async t => {
  const bench = await storeBench(t, backends, THREE);
  const worker = await bench.worker();
  await streamsReady(worker);
  await replicated(bench);
  const first = await leader(bench);
  // A silence is of a length: longer than an election takes, after which the others have another leader.
  const trouble: Record<number, () => unknown> = {
    100: () => first.kill(),
    200: async () => {
      await first.start();
      const second = await leader(bench);
      second.signal('SIGSTOP');
      setTimeout(() => second.signal('SIGCONT'), 3_000);
    },
    300: () => {
      const follower = nats.servers.find(server => server !== first) ?? assert.fail();
      follower.signal('SIGSTOP');
      setTimeout(() => follower.signal('SIGCONT'), 3_000);
    },
  };
  const pending: unknown[] = [];
  const ids = await publishSurely(bench, 'channel:a', 400, sent => pending.push(trouble[sent]?.()));
  await Promise.all(pending);
  await until('all are stored', async () => (await storedIds(bench, 'channel:a')).size === ids.length, {
    ms: 60_000,
    state: () => bench.health(worker),
  });
  assert.deepEqual([...(await storedIds(bench, 'channel:a'))].sort(), ids.toSorted());
  assert.equal((await bench.health(worker)).nats.reachable, true);
});

test('three servers: readers lose, repeat and reorder nothing while the leaders of their rooms end', async t => {
  t.after(allUp);
  const cluster = await startCluster(t, backends, { env: { ...THREE, CHAT_RECHECK_SECONDS: '3' } });
  const rooms = ['channel:one', 'channel:two', 'channel:three'];
  const deliveries = new Map(rooms.map(room => [room, new Delivery()]));
  const deliveryOf = (room: string) => deliveries.get(room) ?? assert.fail();
  for (const [index, gateway] of [...cluster.gateways, ...cluster.gateways].entries()) {
    const name = `reader-${index}`;
    const reader = await openClient(t, gateway.url, { build: BUILDS[index % 2] ?? 'json', user: name });
    for (const room of rooms) await record(reader, name, room, deliveryOf(room));
  }
  const writers = await Promise.all(
    cluster.gateways.map(({ url }, index) => openClient(t, url, { user: `writer-${index}` })),
  );
  const write = async (count: number) => {
    for (let sent = 0; sent < count; sent++)
      await Promise.all(
        rooms.map((room, index) => sendSurely(writers[index % 2] ?? assert.fail(), room, 'x', deliveryOf(room))),
      );
  };
  await write(10);
  for (const server of nats.servers) {
    await server.kill();
    await write(10);
    await server.start();
    await write(10);
  }
  for (const delivery of deliveries.values()) {
    await until('everyone has everything', () => delivery.complete(), { ms: 60_000, state: () => delivery.state() });
    assert.deepEqual(delivery.verdict(), FLAWLESS);
  }
  await until('all are stored', async () => (await cluster.storedCount()) === rooms.length * 70, { ms: 60_000 });
});

test('three servers: without a quorum every send is answered and gateways stay Ready; with it again nothing is missing', async t => {
  t.after(allUp);
  const cluster = await startCluster(t, backends, { env: { ...THREE, CHAT_RECHECK_SECONDS: '3' } });
  const room = 'channel:quorum';
  const delivery = new Delivery();
  for (const [index, gateway] of cluster.gateways.entries()) {
    const reader = await openClient(t, gateway.url, { user: `reader-${index}` });
    await record(reader, `reader-${index}`, room, delivery);
  }
  const alice = await openClient(t, cluster.gateways[0].url);
  await sendSurely(alice, room, 'before', delivery);
  const [, second, third] = nats.servers;
  second?.signal('SIGSTOP');
  third?.signal('SIGSTOP');
  const unanswered: string[] = [];
  for (let sent = 0; sent < 3; sent++) {
    const error = await alice
      .send(room, 'without a quorum')
      .catch((refused: { code: number; temporary?: boolean }) => refused);
    if (!('code' in error) || error.code !== 100 || error.temporary !== true) unanswered.push(JSON.stringify(error));
  }
  assert.deepEqual(unanswered, []);
  for (const { readyUrl } of cluster.gateways) assert.equal((await fetch(readyUrl)).status, 200);
  await allUp();
  for (let sent = 0; sent < 20; sent++) await sendSurely(alice, room, 'after', delivery);
  await until('everyone has everything', () => delivery.complete(), { ms: 60_000, state: () => delivery.state() });
  const { lost, reordered, moved } = delivery.verdict();
  assert.deepEqual({ lost, reordered, moved }, { lost: [], reordered: [], moved: [] });
  // What was answered with a temporary error may be stored, once.
  assert.deepEqual(delivery.verdict().repeated, []);
});
