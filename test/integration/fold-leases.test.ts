import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { connectNats } from '../../server/bus/connect.ts';
import { Copies } from '../../server/bus/copies.ts';
import { foldLog } from '../../server/bus/fold-log.ts';
import { managerOf } from '../../server/bus/jetstream-api.ts';
import { LeaseTaken, leaseBucket } from '../../server/bus/lease-bucket.ts';
import { names as namesOf } from '../../server/bus/names.ts';
import { systemClock } from '../../server/time/clock.ts';
import type { FoldPosition, Lease, WorkerFold } from '../../server/worker/fold/fold.ts';
import { runFolds } from '../../server/worker/fold/folds.ts';
import { startNats } from '../../tools/local/nats.ts';
import { until } from '../../tools/support/until.ts';

const nats = await startNats();
after(() => nats.close());
const COPIES = new Copies(1, systemClock.now, () => undefined);
const PARTITIONS = 4;

async function connected(t: TestContext) {
  const connection = await connectNats({ natsUrl: nats.url, natsUser: '', natsPassword: '' }, 'test');
  t.after(() => connection.close());
  return connection;
}

test('of many writers of a revision one wins, and what it wrote is read', async t => {
  const connection = await connected(t);
  const bucket = await leaseBucket(connection, 'race', COPIES);
  assert.equal((await bucket.read()).size, 0);
  let last = 0;
  for (let round = 0; round < 20; round++) {
    const writes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, writer) => bucket.write('views.0', `${writer}`, last)),
    );
    const [won, ...more] = writes.flatMap((write, writer) =>
      write.status === 'fulfilled' ? [[writer, write.value]] : [],
    );
    assert.equal(more.length, 0);
    for (const write of writes) if (write.status === 'rejected') assert.ok(write.reason instanceof LeaseTaken);
    const [writer, revision = 0] = won ?? [];
    assert.deepEqual((await bucket.read()).get('views.0'), { value: `${writer}`, revision });
    last = revision;
  }
  const again = await leaseBucket(connection, 'race', COPIES);
  assert.equal((await again.read()).size, 1, 'opening it again keeps it');
});

test('folds follow LOG through workers that come, leave and die: every entry is folded, in order', async t => {
  const names = namesOf(`folds-${process.pid}`);
  const publisher = await connected(t);
  const jsm = await managerOf(publisher);
  for (let partition = 0; partition < PARTITIONS; partition++)
    await jsm.streams.add({ name: names.logStream(partition), subjects: [names.logSubjects(partition)] });
  /** Durable view of all workers: offsets by partition, and positions. */
  const folded = Array.from({ length: PARTITIONS }, (): number[] => []);
  const positions = new Map<number, FoldPosition>();
  const leases = new Map<number, number>();
  const guard = ({ partition, epoch }: Lease) => {
    assert.ok(epoch >= (leases.get(partition) ?? 0), 'a former holder writes');
    leases.set(partition, epoch);
  };
  const fold: WorkerFold = {
    name: 'listed',
    limits: { size: 100, delayMs: 5, maxBytes: 1_000_000 },
    headersOnly: true,
    needsStore: false,
    readPosition: async partition => positions.get(partition) ?? null,
    begin: async () => undefined,
    apply: async ({ partition, entries }, lease) => {
      guard(lease);
      const known = folded[partition] ?? [];
      for (const { offset } of entries) if (offset > (known.at(-1) ?? 0)) known.push(offset);
    },
    savePosition: async (partition, position, lease) => {
      guard(lease);
      positions.set(partition, position);
    },
  };

  const worker = async (holder: string) => {
    const connection = await connected(t);
    const stopping = new AbortController();
    const counts = new Map<string, number>();
    const ended = runFolds(
      {
        folds: [fold],
        partitions: PARTITIONS,
        holder,
        open: () => leaseBucket(connection, names.leaseBucket, COPIES),
        foldLog: foldLog(connection, await managerOf(connection), names),
        names,
        ready: async () => undefined,
        level: () => undefined,
        held: (name, count) => void counts.set(name, count),
        folded: () => undefined,
        failing: () => undefined,
        clock: systemClock,
        random: Math.random,
        log: pino({ level: 'silent' }),
      },
      stopping.signal,
    );
    t.after(async () => {
      stopping.abort();
      await ended;
    });
    return {
      level: () => undefined,
      held: () => counts.get('listed') ?? 0,
      kill: () => connection.close(),
      async stop() {
        stopping.abort();
        await ended;
      },
    };
  };

  let sending = true;
  let sent = 0;
  const publishing = (async () => {
    while (sending) {
      for (let partition = 0; partition < PARTITIONS; partition++)
        await publisher.request(names.log(partition, 'channel:a'), '{}');
      sent += 1;
    }
  })();
  t.after(() => {
    sending = false;
  });
  const flow = async () => {
    const before = folded.map(({ length }) => length);
    await until('every partition is folded', () => folded.every(({ length }, index) => length > (before[index] ?? 0)), {
      ms: 60_000,
    });
  };

  const one = await worker('one');
  await until('one folds all', () => one.held() === PARTITIONS);
  await flow();
  const two = await worker('two');
  await until('both fold half', () => one.held() === 2 && two.held() === 2, { ms: 60_000 });
  await flow();
  await one.kill();
  await until('the other has all', () => two.held() === PARTITIONS, { ms: 60_000 });
  await flow();
  const three = await worker('three');
  await until('both fold half', () => three.held() === 2 && two.held() === 2, { ms: 60_000 });
  await two.stop();
  await until('the last has all', () => three.held() === PARTITIONS, { ms: 60_000 });
  await flow();
  sending = false;
  await publishing;
  for (const offsets of folded) {
    await until('everything is folded', () => offsets.length === sent);
    assert.deepEqual(
      offsets,
      Array.from({ length: sent }, (_, index) => index + 1),
    );
  }
});
