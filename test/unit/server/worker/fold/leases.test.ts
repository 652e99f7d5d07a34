import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { Lease } from '../../../../../server/worker/fold/fold.ts';
import { Leases, TTL_MS } from '../../../../../server/worker/fold/leases.ts';
import { MemoryLeases } from '../../../../support/chat/memory-leases.ts';
import { ManualClock } from '../../../../support/clocks/manual-clock.ts';
import { settle } from '../../../../support/clocks/settle.ts';

const PARTITIONS = 4;

/** Workers with one clock and one bucket. Checks at every step that no partition has two folds at a time. */
class Workers {
  readonly clock = new ManualClock();
  readonly bucket = new MemoryLeases();
  /** Leases under which a fold works now. */
  readonly working = new Set<Lease>();
  readonly all: Lease[] = [];

  start(name: string) {
    const network = { down: false, deaf: false };
    const stopping = new AbortController();
    const counts: number[] = [];
    /** Keeps folds from ending, as a write that hangs does. */
    let hangs: Promise<void> = Promise.resolve();
    const leases = new Leases({
      open: async () => this.bucket.connect(network),
      holder: name,
      folds: ['state'],
      partitions: PARTITIONS,
      fold: async lease => {
        const others = [...this.working].filter(({ partition }) => partition === lease.partition);
        assert.ok(
          others.every(({ signal }) => signal.aborted),
          `partition ${lease.partition} is folded twice`,
        );
        for (const { epoch } of this.all.filter(({ partition }) => partition === lease.partition))
          assert.ok(lease.epoch > epoch, 'the epoch rises');
        this.all.push(lease);
        this.working.add(lease);
        await new Promise<void>(resolve => lease.signal.addEventListener('abort', () => resolve(), { once: true }));
        await hangs;
        this.working.delete(lease);
      },
      held: (_, count) => void counts.push(count),
      clock: this.clock,
      log: pino({ level: 'silent' }),
    });
    const ended = leases.run(stopping.signal);
    return {
      network,
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
    return [...this.working]
      .filter(({ signal }) => !signal.aborted)
      .map(({ partition }) => partition)
      .sort();
  }
}

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
