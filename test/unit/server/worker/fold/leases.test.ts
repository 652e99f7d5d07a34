import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { roomToken } from '../../../../../server/bus/names.ts';
import type { Lease } from '../../../../../server/worker/fold/fold.ts';
import { LEVEL, TTL_MS } from '../../../../../server/worker/fold/heartbeats.ts';
import { Leases } from '../../../../../server/worker/fold/leases.ts';
import { integer, pick } from '../../../../../tools/support/random.ts';
import { type LeasesLink, MemoryLeases } from '../../../../support/chat/memory-leases.ts';
import { ManualClock } from '../../../../support/clocks/manual-clock.ts';
import { settle } from '../../../../support/clocks/settle.ts';
import { fuzz } from '../../../../support/fuzz/fuzz.ts';

const PARTITIONS = 4;

/** Workers with one clock and one bucket. Checks at every step that no partition has two folds at a time. */
class Workers {
  readonly clock = new ManualClock();
  readonly bucket = new MemoryLeases();
  /** Leases under which a fold works now, with their workers. */
  readonly working = new Map<Lease, string>();
  /** Workers that stand still: they cannot know yet that others have their leases. */
  readonly still = new Set<string>();
  readonly all: Lease[] = [];

  /** @param clock its own for a worker that stands still while time passes for the others */
  start(name: string, { clock = this.clock, partitions = PARTITIONS, folds = ['state'] } = {}) {
    const network: LeasesLink = { down: false, deaf: false, stale: null };
    const stopping = new AbortController();
    const counts: number[] = [];
    const levels: number[] = [];
    /** Keeps folds from ending, as a write that hangs does. */
    let hangs: Promise<void> = Promise.resolve();
    const leases = new Leases({
      open: async () => this.bucket.connect(network),
      holder: name,
      folds,
      partitions,
      fold: async lease => {
        const isSame = (other: Lease) => other.fold === lease.fold && other.partition === lease.partition;
        for (const [other, worker] of this.working)
          if (isSame(other) && !this.still.has(worker))
            assert.ok(other.signal.aborted, `partition ${lease.partition} is folded twice`);
        for (const { epoch } of this.all.filter(isSame)) assert.ok(lease.epoch > epoch, 'the epoch rises');
        this.all.push(lease);
        this.working.set(lease, name);
        await new Promise<void>(resolve => lease.signal.addEventListener('abort', () => resolve(), { once: true }));
        await hangs;
        this.working.delete(lease);
        return 0;
      },
      level: lowest => void levels.push(lowest),
      held: (_, count) => void counts.push(count),
      clock,
      log: pino({ level: 'silent' }),
    });
    const ended = leases.run(stopping.signal);
    return {
      network,
      level: () => levels.at(-1) ?? 0,
      held: () => counts.at(-1) ?? 0,
      hang: (until: Promise<void>) => {
        hangs = until;
      },
      async stop() {
        stopping.abort();
        await ended;
      },
    };
  }

  folded(): number[] {
    return [...this.working.keys()]
      .filter(({ signal }) => !signal.aborted)
      .map(({ partition }) => partition)
      .sort();
  }
}

test('the lowest level is that of a release before levels until its worker is gone or dead', async () => {
  const workers = new Workers();
  const old = await workers.bucket.connect({ down: false, deaf: false, stale: null });
  const one = workers.start('one');
  await workers.clock.passSettling(0);
  assert.equal(one.level(), LEVEL);
  for (const name of ['stops', 'dies']) {
    const key = `worker.${roomToken(name)}`;
    const revision = await old.write(key, name, 0);
    await workers.clock.passSettling(3_000);
    assert.equal(one.level(), 0);
    if (name === 'stops') await old.write(key, '', revision);
    else await workers.clock.passSettling(TTL_MS);
    await workers.clock.passSettling(3_000);
    assert.equal(one.level(), LEVEL);
  }
  await one.stop();
});

test('one worker folds everything, a second gets half, and one that stops hands over at once', async () => {
  const workers = new Workers();
  const one = workers.start('one');
  await workers.clock.passSettling(0);
  assert.deepEqual(workers.folded(), [0, 1, 2, 3]);
  const two = workers.start('two');
  await workers.clock.passSettling(6_000);
  assert.deepEqual([one.held(), two.held()], [2, 2]);
  assert.deepEqual(workers.folded(), [0, 1, 2, 3]);
  const stopped = one.stop();
  await workers.clock.passSettling(2_000);
  await stopped;
  await workers.clock.passSettling(2_000);
  assert.equal(two.held(), 4);
  await two.stop();
});

test('a worker that NATS no longer hears ends its folds before another begins, and gets its share back once it is heard again', async () => {
  const workers = new Workers();
  const one = workers.start('one');
  await workers.clock.passSettling(0);
  one.network.down = true;
  const two = workers.start('two');
  await workers.clock.passSettling(7_000);
  assert.deepEqual(workers.folded(), [], 'the first has given up');
  await workers.clock.passSettling(TTL_MS);
  assert.equal(two.held(), PARTITIONS);
  one.network.down = false;
  await workers.clock.passSettling(6_000);
  assert.deepEqual([one.held(), two.held()], [2, 2]);
  await Promise.all([one.stop(), two.stop()]);
});

test('a renewal whose answer is lost costs no lease', async () => {
  const workers = new Workers();
  const one = workers.start('one');
  await workers.clock.passSettling(0);
  one.network.deaf = true;
  await workers.clock.passSettling(2_000);
  one.network.deaf = false;
  await workers.clock.passSettling(30_000);
  assert.equal(workers.all.length, PARTITIONS, 'no lease was taken again');
  assert.equal(one.held(), PARTITIONS);
  await one.stop();
});

test('a bucket that was lost is made again, and epochs rise all the same', async () => {
  const workers = new Workers();
  const one = workers.start('one');
  await workers.clock.passSettling(10_000);
  workers.bucket.records.clear();
  await workers.clock.passSettling(20_000);
  assert.equal(one.held(), PARTITIONS);
  assert.equal(workers.all.length, 2 * PARTITIONS);
  await one.stop();
});

test('a fold that cannot end keeps its partition from a second fold of the same worker, and no other lease', async () => {
  const workers = new Workers();
  const one = workers.start('one');
  await workers.clock.passSettling(0);
  const hanging = Promise.withResolvers<void>();
  one.hang(hanging.promise);
  const [record] = [...workers.bucket.records.keys()].filter(key => key === 'state.1');
  assert.ok(record);
  await workers.bucket.connect({ down: false }).write(record, '', workers.bucket.records.get(record)?.revision ?? 0);
  await workers.clock.passSettling(20_000);
  assert.deepEqual(workers.folded(), [0, 2, 3]);
  hanging.resolve();
  await settle();
  await workers.clock.passSettling(20_000);
  assert.deepEqual(workers.folded(), [0, 1, 2, 3]);
  await one.stop();
});

test('a worker that stands still is declared dead, and its folds end before it does anything', async () => {
  const workers = new Workers();
  const clock = new ManualClock();
  const one = workers.start('one', { clock });
  await clock.passSettling(0);
  assert.equal(one.held(), PARTITIONS);
  const two = workers.start('two');
  workers.still.add('one');
  await workers.clock.passSettling(TTL_MS - 1);
  assert.equal(two.held(), 0, 'not before the time is over');
  await workers.clock.passSettling(4_000);
  assert.equal(two.held(), PARTITIONS);
  workers.still.delete('one');
  clock.stall(20_000);
  await clock.passSettling(0);
  assert.deepEqual([one.held(), two.held()], [0, PARTITIONS]);
  for (let time = 0; time < 6_000; time += 500) {
    await clock.passSettling(500);
    await workers.clock.passSettling(500);
  }
  assert.deepEqual([one.held(), two.held()], [2, 2]);
  await Promise.all([one.stop(), two.stop()]);
});

test('a worker that was declared dead while its heartbeat was on the way ends its folds with the answer', async () => {
  const workers = new Workers();
  const one = workers.start('one');
  await workers.clock.passSettling(0);
  const [key = ''] = [...workers.bucket.records.keys()].filter(each => each.startsWith('worker.'));
  const bucket = workers.bucket.connect({ down: false });
  await bucket.write(key, '', workers.bucket.records.get(key)?.revision ?? 0);
  await workers.clock.passSettling(1_999);
  assert.equal(one.held(), PARTITIONS);
  await workers.clock.passSettling(1);
  assert.deepEqual(workers.folded(), []);
  await workers.clock.passSettling(4_000);
  assert.equal(one.held(), PARTITIONS, 'and takes them again, with higher epochs');
  await one.stop();
});

test('a worker that reads an old state of the bucket takes no lease of one that is alive', async () => {
  const workers = new Workers();
  const one = workers.start('one');
  await workers.clock.passSettling(0);
  const two = workers.start('two');
  two.network.stale = new Map(workers.bucket.records);
  await workers.clock.passSettling(60_000);
  assert.deepEqual([one.held(), two.held()], [2, 0], 'the first gives the second its share');
  two.network.stale = null;
  await workers.clock.passSettling(TTL_MS);
  assert.deepEqual([one.held(), two.held()], [2, 2]);
  assert.deepEqual(workers.folded(), [0, 1, 2, 3]);
  await Promise.all([one.stop(), two.stop()]);
});

test('a worker that is heard again after it gave up takes its leases again, though they still name it', async () => {
  const workers = new Workers();
  const one = workers.start('one');
  await workers.clock.passSettling(0);
  one.network.down = true;
  await workers.clock.passSettling(7_500);
  assert.deepEqual(workers.folded(), []);
  one.network.down = false;
  const two = workers.start('two');
  await workers.clock.passSettling(6_000);
  assert.deepEqual([one.held(), two.held()], [2, 2]);
  assert.deepEqual(workers.folded(), [0, 1, 2, 3]);
  await Promise.all([one.stop(), two.stop()]);
});

test('a lease whose answer was lost is not held by a worker that does not know of it', async () => {
  const workers = new Workers();
  const one = workers.start('one');
  one.network.deaf = true;
  await workers.clock.passSettling(0);
  one.network.deaf = false;
  await workers.clock.passSettling(4_000);
  assert.equal(one.held(), PARTITIONS);
  await one.stop();
});

test('an idle worker writes its heartbeat alone, and each lease before NATS removes it', async () => {
  const workers = new Workers();
  const one = workers.start('one', { folds: ['state', 'views'], partitions: 64 });
  await workers.clock.passSettling(0);
  assert.equal(workers.working.size, 128);
  const before = workers.bucket.writes;
  await workers.clock.passSettling(60_000);
  assert.equal(workers.bucket.writes - before, 30);
  const taken = new Map(workers.bucket.records);
  await workers.clock.passSettling(600_000);
  const same = [...taken].filter(([key, { revision }]) => workers.bucket.records.get(key)?.revision === revision);
  assert.deepEqual(same, []);
  assert.equal(workers.all.length, 128, 'no lease was lost');
  await one.stop();
});

fuzz('no partition has two folds, however workers fail, and in the end each has one', [1, 2, 3], 15, async random => {
  const workers = new Workers();
  const all = ['one', 'two', 'three'].map(name => {
    const clock = new ManualClock();
    return { name, clock, behind: 0, ...workers.start(name, { clock }) };
  });
  const pass = async (ms: number) => {
    for (const worker of all)
      if (workers.still.has(worker.name)) worker.behind += ms;
      else await worker.clock.passSettling(ms);
  };
  const resume = async (worker: (typeof all)[number]) => {
    worker.clock.stall(worker.behind);
    worker.behind = 0;
    workers.still.delete(worker.name);
    await worker.clock.passSettling(0);
  };
  for (let step = 0; step < 60; step++) {
    const worker = pick(random, all);
    const { network, name } = worker;
    const event = integer(random, 7);
    if (event === 0) network.down = !network.down;
    if (event === 1) network.deaf = !network.deaf;
    if (event === 2) network.stale = network.stale ? null : new Map(workers.bucket.records);
    if (event === 3 && workers.still.has(name)) await resume(worker);
    else if (event === 3) workers.still.add(name);
    const heartbeats = [...workers.bucket.records.keys()].filter(key => key.startsWith('worker.'));
    if (event === 4) workers.bucket.records.delete(pick(random, [...heartbeats, '']));
    const ms = integer(random, 5_000);
    for (let passed = 0; passed < ms; passed += 250) await pass(250);
  }
  for (const worker of all) {
    Object.assign(worker.network, { down: false, deaf: false, stale: null });
    if (workers.still.has(worker.name)) await resume(worker);
  }
  for (let passed = 0; passed < 60_000; passed += 500) await pass(500);
  assert.deepEqual(workers.folded(), [0, 1, 2, 3]);
  const stopped = Promise.all(all.map(({ stop }) => stop()));
  await pass(2_000);
  await stopped;
});

test('a fold that finds a higher epoch gets the next lease above it: its holder had a clock that was ahead', async () => {
  const clock = new ManualClock();
  const later = clock.wallClock() + 86_400_000;
  const epochs: number[] = [];
  const stopping = new AbortController();
  const ended = new Leases({
    open: async () => new MemoryLeases().connect({ down: false, deaf: false, stale: null }),
    holder: 'one',
    folds: ['state'],
    partitions: 1,
    async fold({ epoch, signal }) {
      epochs.push(epoch);
      if (epoch <= later) return later;
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
      return 0;
    },
    level: () => undefined,
    held: () => undefined,
    clock,
    log: pino({ level: 'silent' }),
  }).run(stopping.signal);
  for (let second = 0; second < 10; second++) await clock.passSettling(1_000);
  assert.equal(epochs.length, 2);
  assert.ok((epochs.at(-1) ?? 0) > later);
  stopping.abort();
  await ended;
});
