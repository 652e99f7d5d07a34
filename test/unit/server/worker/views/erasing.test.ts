import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveLags } from '../../../../../server/bus/erase.ts';
import type { Erasure } from '../../../../../server/room/views.ts';
import type { Moment } from '../../../../../server/time/clock.ts';
import { LeaseLost } from '../../../../../server/worker/fold/fold.ts';
import { Erasing } from '../../../../../server/worker/views/erasing.ts';

const SECOND = 1_000;

/** A list of entries to erase, and what was erased. */
function bench() {
  const state = { now: 0, forgotten: 0, folded: Number.POSITIVE_INFINITY, failed: 0, lines: 0 };
  const step = { fails: null as Error | null };
  let list: Erasure[] = [];
  const erased: number[] = [];
  const add = (at: number, offset: number, storedAt: number) => {
    list.push({ key: `${at} ${offset}`, room: 'channel:a', type: 'message', id: 'm', at, offset, storedAt });
    list.sort((a, b) => a.at - b.at);
  };
  const erasing = new Erasing({
    store: {
      readErasures: async (_, limit) => list.slice(0, limit),
      dropErasures: async some => {
        list = list.filter(each => !some.includes(each));
      },
    },
    erase: async (_, entries) => {
      if (step.fails) throw step.fails;
      erased.push(...entries.map(({ offset }) => offset));
    },
    forgottenIds: async () => state.forgotten,
    stateUpTo: async () => state.folded,
    failed: () => void state.failed++,
    clock: { now: () => state.now as Moment },
    log: { warn: () => void state.lines++ },
  });
  const ended = new AbortController();
  const lease = { fold: 'views', partition: 0, epoch: 1, signal: ended.signal };
  const run = async (seconds = 1) => {
    state.now += seconds * SECOND;
    await erasing.run('e', lease);
  };
  return { state, step, add, erasing, erased, run, end: () => ended.abort(), left: () => list.length };
}

test('an entry is erased when its id is forgotten and the fold state has it, once', async () => {
  const { state, add, erased, run, left } = bench();
  add(5, 2, 100);
  add(8, 7, 200);
  await run();
  assert.deepEqual(erased, []);
  state.forgotten = 101;
  await run(0.5);
  assert.deepEqual(erased, [], 'it looked a moment ago');
  await run();
  assert.deepEqual(erased, [2]);
  state.forgotten = 201;
  state.folded = 6;
  await run();
  assert.deepEqual(erased, [2]);
  state.folded = 7;
  await run();
  assert.deepEqual([erased, left()], [[2, 7], 0]);
});

test('more than fits into one look is erased without a pause', async () => {
  const { state, add, run, left } = bench();
  for (let offset = 1; offset <= 1_200; offset++) add(2_000, offset, 1);
  state.forgotten = 2;
  for (const rest of [700, 200, 0]) {
    await run(0.01);
    assert.equal(left(), rest);
  }
});

test('a partition is done below the first entry that is listed, in the epoch of its position', async () => {
  const { add, erasing, state, run } = bench();
  assert.equal(erasing.doneUpTo(0, 'e'), 0);
  await erasing.look(0, { epoch: 'e', at: 9 });
  assert.deepEqual([erasing.doneUpTo(0, 'e'), erasing.doneUpTo(0, 'other'), erasing.doneUpTo(1, 'e')], [9, 0, 0]);
  add(12, 3, 1);
  await erasing.look(0, { epoch: 'e', at: 20 });
  assert.equal(erasing.doneUpTo(0, 'e'), 11);
  state.forgotten = 2;
  await run();
  await erasing.look(0, { epoch: 'e', at: 20 });
  assert.equal(erasing.doneUpTo(0, 'e'), 20);
  await erasing.look(0, null);
  assert.equal(erasing.doneUpTo(0, 'e'), 0);
});

test('a holder that lost its lease erases nothing', async () => {
  const { add, state, run, end, erased } = bench();
  add(5, 2, 1);
  state.forgotten = 2;
  end();
  await assert.rejects(run(), LeaseLost);
  assert.deepEqual(erased, []);
});

test('a failure is counted, and logged once in a while; the next look repeats it', async () => {
  const { add, state, step, run, erased, left } = bench();
  add(5, 2, 1);
  state.forgotten = 2;
  step.fails = new LiveLags('LIVE', 2);
  await run();
  await run(0.5);
  assert.deepEqual([state.failed, state.lines], [1, 1]);
  await run();
  assert.deepEqual([state.failed, state.lines, left()], [2, 1, 1]);
  step.fails = null;
  await run();
  assert.deepEqual([erased, left(), state.failed], [[2], 0, 2]);
});
