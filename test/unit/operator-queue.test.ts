import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '../../operator/backoff.ts';
import { WorkQueue } from '../../operator/controller/queue.ts';
import { SimulatedClock, settle } from '../support/simulated-clock.ts';

/** A queue whose work is ended by the test. */
function simulated(concurrency = 2, minIntervalMs = 0) {
  const clock = new SimulatedClock();
  const started: { readonly key: string; readonly at: number }[] = [];
  const running = new Map<string, (outcome: number | undefined | Error) => void>();
  const queue = new WorkQueue({
    clock,
    random: () => 1,
    concurrency,
    minIntervalMs,
    backoff: { baseMs: 100, maxMs: 1_000 },
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
  return { clock, queue, started, running, end, keys };
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
    await clock.pass(gap - 1);
    assert.equal(started.length, before);
    await clock.pass(1);
    assert.equal(started.length, before + 1);
  }
  await end('a');
  queue.add('a');
  await end('a', new Error('no'));
  const failedAt = clock.now();
  await clock.pass(100);
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

test('an event does not wait for the backoff', async () => {
  const { clock, queue, end, keys } = simulated();
  queue.add('a');
  await end('a', new Error('no'));
  await clock.pass(10);
  queue.add('a');
  assert.deepEqual(keys(), ['a', 'a']);
});

test('a key that asks for it comes back at its time, an earlier wish stands', async () => {
  const { clock, queue, end, started } = simulated();
  queue.add('a');
  await end('a', 5_000);
  queue.add('a', 9_000);
  await clock.pass(20_000);
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
    await clock.pass(20);
  }
  const starts = started.map(start => start.at);
  assert.deepEqual(starts, [0, 200, 400, 600, 800]);
});

test('a key that wants its next turn at once gets it, and is not forgotten meanwhile', async () => {
  const { clock, queue, end, keys, running } = simulated(1, 200);
  queue.add('a');
  await clock.pass(500);
  await end('a', 0);
  assert.deepEqual(keys(), ['a', 'a']);
  await clock.pass(500);
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
  await clock.pass(10_000);
  assert.equal(closed, true);
  assert.deepEqual(keys(), ['a']);
});
