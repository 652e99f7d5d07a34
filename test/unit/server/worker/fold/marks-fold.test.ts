import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { type Mark, mergedMarks, NO_MARK } from '../../../../../server/fold/mark.ts';
import type { MarkWriter, UserMark } from '../../../../../server/membership/mark-archive.ts';
import type { ViewPosition } from '../../../../../server/room/views.ts';
import { mayPurge } from '../../../../../server/worker/fold/marks-budget.ts';
import { MarksFold } from '../../../../../server/worker/fold/marks-fold.ts';
import { integer, seeded } from '../../../../../tools/support/random.ts';
import { until } from '../../../../../tools/support/until.ts';
import { ManualClock } from '../../../../support/clocks/manual-clock.ts';

/** The stream MARKS in memory. */
class MemoryMarksLog {
  epoch = 'one';
  readonly #marks = new Map<string, UserMark & { readonly sequence: number }>();
  last = 0;

  put(user: string, read: number): void {
    this.last += 1;
    this.#marks.delete(user);
    this.#marks.set(user, { user, room: 'group:a', read, delivered: read, sequence: this.last });
  }

  /** Makes it again, without anything in it. */
  remake(): void {
    this.epoch = 'two';
    this.last = 0;
    this.#marks.clear();
  }

  readonly state = async () => ({ epoch: this.epoch, first: 1, last: this.last, kept: this.#marks.size });

  readonly after = async (sequence: number) => {
    const marks = [...this.#marks.values()].filter(mark => mark.sequence > sequence).slice(0, 3);
    return { marks, upTo: marks.at(-1)?.sequence ?? sequence };
  };
}

/** The collection `marks` in memory. A step of it may fail, once. */
class MemoryMarkWriter implements MarkWriter {
  readonly stored = new Map<string, Mark>();
  position: ViewPosition | null = null;
  lease = 0;
  raised = 0;
  /** Called before each step; one that throws is a failure before it. */
  step: (name: 'raise' | 'save') => void = () => undefined;

  async raise(marks: readonly UserMark[]): Promise<void> {
    this.step('raise');
    this.raised += marks.length;
    for (const { user, read, delivered } of marks)
      this.stored.set(user, mergedMarks(this.stored.get(user) ?? NO_MARK, { read, delivered }));
  }

  readPosition = async () => this.position;
  positionLease = async () => this.lease;

  async savePosition(from: ViewPosition | null, to: ViewPosition, lease: number): Promise<boolean> {
    this.step('save');
    if (from?.at !== this.position?.at || from?.epoch !== this.position?.epoch || lease < this.lease) return false;
    this.position = to;
    this.lease = lease;
    return true;
  }
}

function folding(t: TestContext) {
  const clock = new ManualClock();
  const marks = new MemoryMarksLog();
  const writer = new MemoryMarkWriter();
  const problems: (string | null)[] = [];
  /** A worker with a lease. */
  const start = (epoch: number) => {
    const end = new AbortController();
    const fold = new MarksFold({
      marks,
      writer,
      ready: async () => undefined,
      folded: () => undefined,
      failing: problem => void problems.push(problem),
      clock,
      random: () => 0.5,
      log: pino({ level: 'silent' }),
    });
    const ended = fold.run({ fold: 'marks', partition: 0, epoch, signal: end.signal });
    t.after(() => end.abort());
    return { ended, end };
  };
  const reads = () => Object.fromEntries([...writer.stored].map(([user, { read }]) => [user, read]));
  const reached = () =>
    until('everything is folded', () => {
      clock.pass(1_000);
      return writer.position?.at === marks.last && writer.position.epoch === marks.epoch;
    });
  return { clock, marks, writer, problems, start, reads, reached };
}

test('marks are written in batches, and go on where the position is', async t => {
  const { marks, writer, start, reads, reached } = folding(t);
  for (let user = 1; user <= 10; user++) marks.put(`u${user}`, user);
  const { end, ended } = start(1);
  await reached();
  assert.equal(Object.keys(reads()).length, 10);
  end.abort();
  await ended;
  marks.put('u3', 99);
  start(2);
  await reached();
  assert.equal(reads()['u3'], 99);
  assert.equal(writer.raised, 11);
});

test('a holder that ends at any step is replaced without a loss, and nothing falls', async t => {
  const random = seeded(3);
  const { marks, writer, start, reads, reached } = folding(t);
  const highest = new Map<string, number>();
  for (let round = 1; round <= 60; round++) {
    for (let put = integer(random, 8); put >= 0; put--) {
      const user = `u${integer(random, 5)}`;
      const read = (highest.get(user) ?? 0) + integer(random, 3);
      highest.set(user, read);
      marks.put(user, read);
    }
    const { end, ended } = start(round);
    let left = integer(random, 4);
    writer.step = () => {
      left -= 1;
      if (left > 0) return;
      end.abort();
      throw new Error('killed');
    };
    const killed = new Promise(resolve => end.signal.addEventListener('abort', resolve));
    await Promise.race([killed, reached().catch(() => undefined)]);
    end.abort();
    await ended;
  }
  writer.step = () => undefined;
  start(100);
  await reached();
  assert.deepEqual(reads(), Object.fromEntries([...highest].filter(([user]) => writer.stored.has(user))));
  assert.equal(writer.stored.size, highest.size);
});

test('a former holder saves no position over that of a later one, and its lease ends above it', async t => {
  const { marks, writer, start, reached } = folding(t);
  marks.put('u1', 1);
  writer.lease = 9;
  const { ended } = start(5);
  assert.equal(await ended, 9);
  assert.equal(writer.position, null);
  start(10);
  await reached();
});

test('what fails is tried again, and reported until it works', async t => {
  const { marks, writer, problems, start, reached } = folding(t);
  let failures = 3;
  writer.step = () => {
    if (failures-- > 0) throw new Error('MongoDB is away');
  };
  marks.put('u1', 1);
  start(1);
  await reached();
  assert.deepEqual(problems, ['MongoDB is away', 'MongoDB is away', 'MongoDB is away', null]);
});

test('of a stream that was made again, or restored, everything is folded again', async t => {
  const { marks, writer, start, reads, reached } = folding(t);
  for (let user = 1; user <= 5; user++) marks.put(`u${user}`, user);
  start(1);
  await reached();
  marks.remake();
  marks.put('u9', 9);
  await reached();
  assert.equal(reads()['u9'], 9);
  assert.deepEqual(writer.position, { epoch: 'two', at: 1 });
});

test('marks are removed above the limit alone, and only while nearly all are in MongoDB', () => {
  const state = (kept: number, last: number) => ({ epoch: 'one', first: 1, kept, last });
  assert.equal(mayPurge(state(1_100, 5_000), 5_000, 1_000), 'no need');
  assert.equal(mayPurge(state(1_101, 5_000), 5_000, 1_000), 'yes');
  assert.equal(mayPurge(state(1_101, 5_000), 4_500, 1_000), 'yes');
  assert.equal(mayPurge(state(1_101, 5_000), 4_499, 1_000), 'not stored');
  assert.equal(mayPurge(state(1_101, 5_000), null, 1_000), 'not stored');
});
