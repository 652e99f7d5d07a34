import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startMongo } from '../local/mongo.ts';
import { startNatsCluster } from '../local/nats-cluster.ts';
import { type StoreBench, storeBench, streamsReady } from '../support/store-bench.ts';
import { until } from '../support/until.ts';

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

test('three servers: everything acknowledged is stored, through the end of a leader and the silence of two others', async t => {
  const bench = await storeBench(t, backends, THREE);
  const worker = await bench.worker();
  await streamsReady(worker);
  await replicated(bench);
  const first = await leader(bench);
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
