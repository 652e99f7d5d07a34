import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkQueue } from '../../../../operator/reconcile/queue.ts';
import { backoffMs } from '../../../../server/time/backoff.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';
import { settle } from '../../../support/clocks/settle.ts';

/** A queue whose work is ended by the test. */
function simulated(concurrency = 2, minIntervalMs = 0, maxMs = 1_000) {
  const wishes = new Map<string, string>();
  const clock = new ManualClock(Date.UTC(2026, 0, 1), 0);
  const started: { readonly key: string; readonly at: number }[] = [];
  const running = new Map<string, (outcome: number | undefined | Error) => void>();
  const queue = new WorkQueue({
    clock,
    random: () => 1,
    concurrency,
    minIntervalMs,
    backoff: { baseMs: 100, maxMs },
    wish: key => wishes.get(key) ?? '',
    run: key =>
      new Promise((resolve, reject) => {
        assert.ok(!running.has(key), `${key} runs twice at the same time`);
        started.push({ key, at: clock.now() });
        running.set(key, outcome => {
          running.delete(key);
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        });
      }),
  });
  const end = async (key: string, outcome?: number | Error) => {
    running.get(key)?.(outcome);
    await settle();
  };
  const keys = () => started.map(start => start.key);
  return { clock, queue, started, running, end, keys, wishes };
}

test('a key added many times before its turn is worked on once', async () => {
  const { queue, end, keys } = simulated(1);
  queue.add('first');
  for (let i = 0; i < 100; i++) queue.add('second');
  assert.equal(queue.depth, 1);
  await end('first');
  await end('second');
  assert.deepEqual(keys(), ['first', 'second']);
  assert.equal(queue.depth, 0);
});

test('a key added while it is worked on has one more turn, after that', async () => {
  const { queue, end, keys, running } = simulated();
  queue.add('a');
  queue.add('a');
  queue.add('a');
  assert.deepEqual(keys(), ['a']);
  await end('a');
  assert.deepEqual(keys(), ['a', 'a']);
  await end('a');
  assert.deepEqual(keys(), ['a', 'a']);
  assert.equal(running.size, 0);
});

test('a slow key keeps nobody else waiting, up to the concurrency', async () => {
  const { queue, end, keys } = simulated(2);
  queue.add('slow');
  queue.add('b');
  queue.add('c');
  assert.deepEqual(keys(), ['slow', 'b']);
  await end('b');
  assert.deepEqual(keys(), ['slow', 'b', 'c']);
});

test('failures of a key back off, a success forgets them', async () => {
  const { clock, queue, end, started } = simulated();
  queue.add('a');
  for (const gap of [100, 200, 400, 800, 1_000, 1_000]) {
    const before = started.length;
    await end('a', new Error('no'));
    await clock.passSettling(gap - 1);
    assert.equal(started.length, before);
    await clock.passSettling(1);
    assert.equal(started.length, before + 1);
  }
  await end('a');
  queue.add('a');
  await end('a', new Error('no'));
  const failedAt = clock.now();
  await clock.passSettling(100);
  assert.equal(started.at(-1)?.at, failedAt + 100);
});

test('the backoff doubles up to its maximum, half of it random', () => {
  const backoff = { baseMs: 100, maxMs: 1_000 };
  assert.deepEqual(
    [1, 2, 3, 4, 5, 50].map(failures => backoffMs(backoff, failures, 1)),
    [100, 200, 400, 800, 1_000, 1_000],
  );
  assert.equal(backoffMs(backoff, 3, 0), 200);
});

test('an event cuts a backoff short, but not below 5 s: a refused child keeps the others waiting no longer', async () => {
  const { clock, queue, end, started } = simulated(2, 0, 60_000);
  queue.add('a');
  for (let failures = 0; failures < 8; failures++) {
    await end('a', new Error('no'));
    await clock.passSettling(100 * 2 ** failures);
  }
  await end('a', new Error('no'));
  const failedAt = clock.now();
  const tries = started.length;
  await clock.passSettling(1_000);
  queue.add('a');
  queue.add('a');
  await clock.passSettling(3_999);
  assert.equal(started.length, tries);
  await clock.passSettling(1);
  assert.equal(started.at(-1)?.at, failedAt + 5_000);
});

test('events do not cut short the backoff of a key that hung', async () => {
  const { clock, queue, end, started } = simulated(2, 0, 60_000);
  queue.add('a');
  await clock.passSettling(15_000);
  await end('a', new Error('no answer'));
  for (let at = 0; at < 100; at += 10) {
    queue.add('a');
    assert.equal(started.length, 1);
    await clock.passSettling(10);
  }
  assert.equal(started.length, 2);
});

test('what a person changes is tried at once, and once', async () => {
  const { clock, queue, end, started, wishes } = simulated(2, 0, 60_000);
  queue.add('a');
  for (let failures = 0; failures < 9; failures++) {
    await clock.passSettling(15_000);
    await end('a', new Error('no answer'));
    await clock.passSettling(60_000);
  }
  await end('a', new Error('no answer'));
  const before = started.length;
  wishes.set('a', 'mended');
  queue.add('a');
  assert.equal(started.length, before + 1);
  await clock.passSettling(15_000);
  await end('a', new Error('still no answer'));
  queue.add('a');
  assert.equal(started.length, before + 1, 'the same wish waits like any other event');
  await clock.passSettling(60_000);
  wishes.set('a', 'mended again');
  queue.add('a');
  await end('a', new Error('it changed while it ran'));
  assert.equal(started.length, before + 3);
});

test('keys that hang take no slot from keys that do well, after their first time', async () => {
  const { clock, queue, end, keys, running } = simulated(2, 0, 60_000);
  for (let i = 0; i < 6; i++) queue.add(`hangs-${i}`);
  queue.add('well');
  await clock.passSettling(6_000);
  assert.ok(running.has('well'), 'those in front of it give their slots away after 2 s each');
  await end('well');
  await clock.passSettling(15_000);
  for (let i = 0; i < 6; i++) await end(`hangs-${i}`, new Error('no answer'));
  await clock.passSettling(60_000);
  assert.equal([...running.keys()].length, 1, 'of those in trouble as many run as they have slots');
  for (let i = 0; i < 10; i++) {
    const before = keys().length;
    queue.add('well');
    assert.equal(keys()[before], 'well', 'whoever does well starts at once');
    await end('well');
  }
});

test('a key that is slow but succeeds waits among those in trouble, until it is fast again', async () => {
  const { clock, queue, end, running } = simulated(1, 0);
  queue.add('slow');
  await clock.passSettling(3_000);
  await end('slow');
  queue.add('slow');
  queue.add('well');
  assert.deepEqual([...running.keys()], ['slow', 'well']);
  await end('slow');
  queue.add('slow');
  assert.deepEqual([...running.keys()], ['well'], 'it waits for the slot of those that do well');
});

test('that a key was slow is forgotten when nothing is wanted of it for a minute: what it stood for may be gone', async () => {
  const { clock, queue, end, running } = simulated(1, 0);
  const isAmongThoseInTrouble = async () => {
    queue.add('well');
    queue.add('was slow');
    const both = running.has('was slow');
    for (const key of ['well', 'was slow']) await end(key);
    return both;
  };
  queue.add('was slow');
  await clock.passSettling(3_000);
  await end('was slow');
  await clock.passSettling(59_999);
  assert.ok(await isAmongThoseInTrouble());
  queue.add('was slow');
  await clock.passSettling(3_000);
  await end('was slow');
  await clock.passSettling(60_000);
  assert.equal(await isAmongThoseInTrouble(), false);
});

test('24 keys whose writes hang do not change how often another one has its turn', async () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1), 0);
  const HANGING = Array.from({ length: 24 }, (_, i) => `hangs-${i}`);
  const starts: number[] = [];
  const queue = new WorkQueue({
    clock,
    random: () => 0.5,
    concurrency: 8,
    minIntervalMs: 200,
    backoff: { baseMs: 500, maxMs: 60_000 },
    run: async key => {
      if (key === 'well') {
        starts.push(clock.now());
        return undefined;
      }
      await new Promise<void>((_, reject) => clock.after(15_000, () => reject(new Error('no answer'))));
    },
  });
  const MINUTES = 10;
  for (let at = 0; at < MINUTES * 60_000; at += 5_000) {
    for (const key of HANGING) queue.add(key);
    queue.add('well');
    await clock.passSettling(5_000);
  }
  const [first = 0, ...others] = starts;
  // At first nobody knows who hangs: 24 of them, 8 at a time.
  assert.ok(first <= 6_000, `first at ${first}`);
  assert.deepEqual(
    others,
    Array.from({ length: MINUTES * 12 - 2 }, (_, turn) => (turn + 2) * 5_000),
    'from then on each turn comes when it is wanted',
  );
  const ended = queue.close();
  await clock.passSettling(15_000);
  await ended;
});

test('a key that asks for it comes back at its time, an earlier wish stands', async () => {
  const { clock, queue, end, started } = simulated();
  queue.add('a');
  await end('a', 5_000);
  queue.add('a', 9_000);
  await clock.passSettling(20_000);
  assert.deepEqual(
    started.map(start => start.at),
    [0, 5_000],
  );
});

test('one key cannot spin: its starts keep their distance', async () => {
  const { clock, queue, end, started } = simulated(2, 200);
  queue.add('a');
  for (let i = 0; i < 49; i++) {
    await end('a');
    queue.add('a');
    await clock.passSettling(20);
  }
  const starts = started.map(start => start.at);
  assert.deepEqual(starts, [0, 200, 400, 600, 800]);
});

test('a key that wants its next turn at once gets it, and is not forgotten meanwhile', async () => {
  const { clock, queue, end, keys, running } = simulated(1, 200);
  queue.add('a');
  await clock.passSettling(500);
  await end('a', 0);
  assert.deepEqual(keys(), ['a', 'a']);
  await clock.passSettling(500);
  queue.add('a');
  assert.equal(running.size, 1, 'it runs once, and the wish waits');
  await end('a');
  assert.deepEqual(keys(), ['a', 'a', 'a']);
});

test('closing starts nothing more and waits for what runs', async () => {
  const { clock, queue, end, keys } = simulated(1);
  queue.add('a');
  queue.add('b');
  let closed = false;
  void queue.close().then(() => {
    closed = true;
  });
  await settle();
  assert.equal(closed, false);
  await end('a');
  await clock.passSettling(10_000);
  assert.equal(closed, true);
  assert.deepEqual(keys(), ['a']);
});

test('what is added, waits, runs and is tried again is told', async () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1), 0);
  const told: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const queue = new WorkQueue({
    clock,
    random: () => 1,
    concurrency: 1,
    minIntervalMs: 0,
    backoff: { baseMs: 100, maxMs: 1_000 },
    run: () =>
      new Promise((resolve, reject) => {
        ends.push(error => (error ? reject(error) : resolve(undefined)));
      }),
    onAdd: () => told.push('added'),
    onStart: waitedMs => told.push(`started after ${waitedMs}`),
    onRetry: () => told.push('retried'),
  });
  queue.add('first');
  queue.add('second');
  assert.deepEqual(queue.state, { depth: 1, unfinishedMs: 0, longestMs: 0 });
  await clock.passSettling(40);
  assert.deepEqual(queue.state, { depth: 1, unfinishedMs: 40, longestMs: 40 });
  ends.shift()?.(new Error('no'));
  await settle();
  ends.shift()?.();
  await settle();
  assert.deepEqual(queue.state, { depth: 0, unfinishedMs: 0, longestMs: 0 });
  assert.deepEqual(told, ['added', 'started after 0', 'added', 'retried', 'started after 40']);
});

test('whoever says when to come back is left alone until then, whatever happens meanwhile', async () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1), 0);
  const started: number[] = [];
  const queue = new WorkQueue({
    clock,
    random: () => 1,
    concurrency: 1,
    minIntervalMs: 0,
    backoff: { baseMs: 100, maxMs: 1_000 },
    run: async () => {
      started.push(clock.now());
      if (started.length === 1) throw new Error('too many requests');
      return undefined;
    },
    retryAfterMs: () => 20_000,
  });
  queue.add('a');
  await clock.passSettling(5_000);
  queue.add('a');
  await clock.passSettling(14_999);
  assert.deepEqual(started, [0]);
  await clock.passSettling(1);
  assert.deepEqual(started, [0, 20_000]);
});
