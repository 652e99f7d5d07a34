import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CountMarks } from '../../../../../server/worker/views/count-marks.ts';

/** Marks of a partition whose LOG ends at 5,000, as a store of 2 messages for each 3 offsets. */
function marksOf() {
  const state = { all: true, last: 5_000, stored: 5_000, isIndexed: true };
  const marked: [number, number][] = [];
  const marks = new CountMarks({
    store: {
      async markCountable(_, { after, upto, limit }) {
        if (!state.isIndexed) return null;
        const end = Math.min(upto, after + limit);
        marked.push([after, end]);
        return end;
      },
    },
    areAllCounting: () => state.all,
    lastOf: async () => state.last,
    storedUpTo: async () => state.stored,
  });
  marks.begin(0, null);
  /** Makes steps until one changes nothing. */
  const run = async (at: number) => {
    for (let counted = -1; ; ) {
      const next = await marks.step(0, at);
      if (next === counted) return counted;
      counted = next;
    }
  };
  return { state, marked, marks, run };
}

test('what was stored before is checked once, in steps, and what comes later is not', async () => {
  const { state, marked, run } = marksOf();
  assert.equal(await run(4_500), 4_500);
  assert.equal(marked.length, 5);
  assert.equal(await run(5_000), 5_000);
  assert.deepEqual(marked.at(-1), [4_500, 5_000], 'a worker of an earlier release may have read these');
  state.last = 9_000;
  assert.equal(await run(9_000), 9_000);
  assert.equal(marked.length, 6);
});

test('a message that is not stored yet is waited for', async () => {
  const { state, run } = marksOf();
  state.stored = 1_200;
  assert.equal(await run(5_000), 1_200);
  state.stored = 5_000;
  assert.equal(await run(5_000), 5_000);
});

test('beside a worker of an earlier release nothing is counted, and all is checked again after it', async () => {
  const { state, marked, run } = marksOf();
  assert.equal(await run(5_000), 5_000);
  state.all = false;
  assert.equal(await run(6_000), 0);
  state.all = true;
  state.last = 7_000;
  state.stored = 7_000;
  marked.length = 0;
  assert.equal(await run(7_000), 7_000);
  assert.deepEqual([marked[0]?.[0], marked.at(-1)?.[1]], [0, 7_000]);
});

test('a new holder goes on at the saved position, and waits for the indexes', async () => {
  const { state, marked, marks, run } = marksOf();
  state.isIndexed = false;
  marks.begin(0, { epoch: 'e', at: 5_000, counted: 4_200 });
  assert.equal(await run(5_000), 4_200);
  state.isIndexed = true;
  assert.equal(await run(5_000), 5_000);
  assert.deepEqual(marked, [[4_200, 5_000]]);
});
