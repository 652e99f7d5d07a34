import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import {
  type FoldBatch,
  type FoldPosition,
  type FoldStart,
  type Lease,
  LeaseLost,
  type WorkerFold,
} from '../../../../../server/worker/fold/fold.ts';
import { Runner } from '../../../../../server/worker/fold/runner.ts';
import { MemoryFoldLog } from '../../../../support/chat/memory-fold-log.ts';
import { ManualClock } from '../../../../support/clocks/manual-clock.ts';

/** A fold whose view is the list of offsets it was given: durable, guarded by the epoch of the lease. */
class Listed implements WorkerFold {
  readonly name = 'listed';
  readonly limits = { size: 3, delayMs: 0, maxBytes: 4_000_000 };
  readonly headersOnly = false;
  readonly needsStore = false;
  position: FoldPosition | null = null;
  readonly offsets = new Set<number>();
  readonly starts: FoldStart[] = [];
  /** Called at each step with its name; may throw. */
  step: (name: string) => void = () => undefined;
  #epoch = 0;

  async readPosition(): Promise<FoldPosition | null> {
    this.step('read');
    return this.position;
  }
  async begin(start: FoldStart, lease: Lease): Promise<void> {
    this.#guard(lease);
    this.step('begin');
    this.starts.push(start);
  }
  async apply({ entries }: FoldBatch, lease: Lease): Promise<void> {
    this.step('before apply');
    this.#guard(lease);
    for (const { offset } of entries) {
      assert.ok(offset > (this.position?.at ?? 0), `${offset} comes again after its position was saved`);
      this.offsets.add(offset);
    }
    this.step('after apply');
  }
  async savePosition(_: number, position: FoldPosition, lease: Lease): Promise<void> {
    this.step('before save');
    this.#guard(lease);
    this.position = position;
    this.step('after save');
  }
  #guard(lease: Lease): void {
    if (lease.epoch < this.#epoch) throw new LeaseLost(lease);
    this.#epoch = lease.epoch;
  }
}

class Bench {
  readonly clock = new ManualClock();
  readonly log = new MemoryFoldLog(this.clock);
  readonly fold = new Listed();
  readonly problems: (string | null)[] = [];
  readonly #t: TestContext;
  #epoch = 0;

  constructor(t: TestContext) {
    this.#t = t;
  }

  /** Starts a holder. The returned function ends its lease, as a killed process does. */
  hold(): () => void {
    const ended = new AbortController();
    const runner = new Runner({
      fold: this.fold,
      foldLog: this.log,
      names: { logSubjects: () => 'log.*' },
      ready: async () => undefined,
      folded: () => undefined,
      failing: (_, problem) => void this.problems.push(problem),
      clock: this.clock,
      random: () => 1,
      log: pino({ level: 'silent' }),
    });
    void runner.run({ fold: 'listed', partition: 0, epoch: ++this.#epoch, signal: ended.signal });
    this.#t.after(() => ended.abort());
    return () => ended.abort();
  }

  publish(count: number): void {
    for (let i = 0; i < count; i++) this.log.publish('a');
  }
}

test('a partition is folded in order, and the position follows', async t => {
  const bench = new Bench(t);
  bench.publish(7);
  bench.hold();
  await bench.clock.passSettling(3_000);
  assert.deepEqual([...bench.fold.offsets], [1, 2, 3, 4, 5, 6, 7]);
  bench.publish(2);
  await bench.clock.passSettling(3_000);
  assert.deepEqual([...bench.fold.offsets], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(bench.fold.position, { epoch: 'e1', at: 9 });
  assert.deepEqual(bench.fold.starts, [{ partition: 0, from: null, to: { epoch: 'e1', at: 0 }, gap: false }]);
});

for (const killed of ['read', 'begin', 'before apply', 'after apply', 'before save', 'after save'])
  test(`a holder that is killed at every "${killed}" is replaced without a loss`, async t => {
    const bench = new Bench(t);
    bench.publish(12);
    let kill = bench.hold();
    let kills = 0;
    bench.fold.step = step => {
      if (step !== killed || kills >= 10) return;
      kills += 1;
      kill();
      kill = bench.hold();
      throw new Error('killed');
    };
    await bench.clock.passSettling(20_000);
    assert.ok(kills > 0);
    assert.equal(bench.fold.offsets.size, 12);
    assert.deepEqual(bench.fold.position, { epoch: 'e1', at: 12 });
  });

test('a former holder that wakes up writes nothing over the one that follows', async t => {
  const bench = new Bench(t);
  bench.publish(3);
  const woken = Promise.withResolvers<void>();
  let first = true;
  const apply = bench.fold.apply.bind(bench.fold);
  bench.fold.apply = async (batch, lease) => {
    if (first) {
      first = false;
      await woken.promise;
    }
    await apply(batch, lease);
  };
  const end = bench.hold();
  await bench.clock.passSettling(1_000);
  end();
  bench.hold();
  await bench.clock.passSettling(1_000);
  bench.publish(3);
  await bench.clock.passSettling(2_000);
  assert.deepEqual(bench.fold.position, { epoch: 'e1', at: 6 });
  woken.resolve();
  await bench.clock.passSettling(2_000);
  assert.deepEqual(bench.fold.position, { epoch: 'e1', at: 6 });
  assert.equal(bench.problems.length, 0, 'and it is no failure');
});

test('a failure is reported, tried again for as long as it takes, and reported as over', async t => {
  const bench = new Bench(t);
  bench.publish(2);
  bench.fold.step = step => {
    if (step === 'before apply') throw new Error('MongoDB is away');
  };
  bench.hold();
  await bench.clock.passSettling(600_000);
  assert.ok(bench.problems.length > 10);
  assert.ok(bench.problems.every(problem => problem === 'MongoDB is away'));
  bench.fold.step = () => undefined;
  await bench.clock.passSettling(10_000);
  assert.equal(bench.problems.at(-1), null);
  assert.deepEqual([...bench.fold.offsets], [1, 2]);
});

test('a broken connection at any request loses nothing', async t => {
  for (let broken = 1; broken <= 12; broken++) {
    const bench = new Bench(t);
    bench.publish(9);
    let requests = 0;
    bench.log.request = () => {
      if (++requests === broken) throw new Error('the connection broke');
    };
    const end = bench.hold();
    await bench.clock.passSettling(10_000);
    assert.equal(bench.fold.offsets.size, 9, `request ${broken}`);
    end();
  }
});

test('after a lift the fold goes on under the new epoch, and knows that LOG did not continue', async t => {
  const bench = new Bench(t);
  bench.publish(4);
  bench.hold();
  await bench.clock.passSettling(2_000);
  bench.log.epoch = 'e2';
  bench.log.purge(1_000_001);
  bench.publish(2);
  await bench.clock.passSettling(3_000);
  assert.deepEqual(bench.fold.starts.at(-1), {
    partition: 0,
    from: { epoch: 'e1', at: 4 },
    to: { epoch: 'e2', at: 1_000_000 },
    gap: true,
  });
  assert.deepEqual(bench.fold.position, { epoch: 'e2', at: 1_000_002 });
  assert.deepEqual([...bench.fold.offsets], [1, 2, 3, 4, 1_000_001, 1_000_002]);
});

test('while LOG ends below the position nothing is folded: its messages were lost, and a lift follows', async t => {
  const bench = new Bench(t);
  bench.publish(4);
  bench.hold();
  await bench.clock.passSettling(2_000);
  bench.log.lose(2);
  await bench.clock.passSettling(2_000);
  assert.match(bench.problems.at(-1) ?? '', /ends at offset 2, below the position 4/);
  bench.log.epoch = 'e2';
  bench.log.purge(1_000_001);
  bench.publish(1);
  await bench.clock.passSettling(10_000);
  assert.deepEqual(bench.fold.position, { epoch: 'e2', at: 1_000_001 });
  assert.equal(bench.problems.at(-1), null);
});

test('entries that a worker of an earlier release purged unread are a gap, also in the middle of a scan', async t => {
  const bench = new Bench(t);
  bench.publish(3);
  bench.hold();
  await bench.clock.passSettling(2_000);
  bench.publish(6);
  bench.log.purge(6);
  await bench.clock.passSettling(3_000);
  assert.deepEqual([...bench.fold.offsets], [1, 2, 3, 6, 7, 8, 9]);
  assert.deepEqual(bench.fold.starts.at(-1), {
    partition: 0,
    from: { epoch: 'e1', at: 3 },
    to: { epoch: 'e1', at: 5 },
    gap: true,
  });
});

test('the position passes entries that were removed one by one, but not those that a replica lacks', async t => {
  const bench = new Bench(t);
  bench.publish(3);
  bench.log.remove(3);
  bench.hold();
  await bench.clock.passSettling(3_000);
  assert.deepEqual(bench.fold.position, { epoch: 'e1', at: 3 });
  bench.log.replica = 3;
  bench.publish(2);
  await bench.clock.passSettling(5_000);
  assert.deepEqual(bench.fold.position, { epoch: 'e1', at: 3 });
  bench.log.replica = 5;
  await bench.clock.passSettling(3_000);
  assert.deepEqual(bench.fold.position, { epoch: 'e1', at: 5 });
});
