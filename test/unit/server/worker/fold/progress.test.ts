import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FoldPosition } from '../../../../../server/worker/fold/fold.ts';
import { type FoldLag, FoldProgress } from '../../../../../server/worker/fold/progress.ts';
import { claimOfFold, planPurge } from '../../../../../server/worker/purge-plan.ts';
import { ManualClock } from '../../../../support/clocks/manual-clock.ts';

function bench() {
  const clock = new ManualClock();
  const state: { position: FoldPosition | null | Error; lag: FoldLag } = {
    position: null,
    lag: { entries: 0, seconds: 0 },
  };
  const progress = new FoldProgress({
    folds: [
      {
        name: 'state',
        readPosition: async () => {
          if (state.position instanceof Error) throw state.position;
          return state.position;
        },
      },
    ],
    lag: (_fold, _partition, lag) => {
      state.lag = lag;
    },
    clock,
  });
  return {
    clock,
    state,
    claims: async (last: number) => (await progress.floors(0, { epoch: 'e', first: 1, last })).map(claimOfFold),
  };
}

test('a purge waits for a fold, however far behind it is and however long it takes', async () => {
  const { state, claims } = bench();
  const below = async () => {
    const stored = { name: 'store', floor: 9_000_000, greatestLag: Number.POSITIVE_INFINITY };
    const size = { bytes: 90, maxBytes: 100 };
    const all = [stored, ...(await claims(9_000_000))];
    return planPurge({ first: 1, last: 9_000_000, ...size, claims: all, hot: null, recent: null }).below;
  };
  assert.equal(await below(), null, 'no position yet');
  state.position = { epoch: 'e', at: 5 };
  assert.equal(await below(), 6);
  state.position = { epoch: 'other', at: 5_000 };
  assert.equal(await below(), null, 'a position of another epoch');
  state.position = new Error('MongoDB is away');
  assert.equal(await below(), null);
});

test('the lag in seconds is the time since the fold had everything', async () => {
  const { clock, state, claims } = bench();
  state.position = { epoch: 'e', at: 10 };
  await claims(10);
  assert.deepEqual(state.lag, { entries: 0, seconds: 0 });
  clock.pass(600_000);
  await claims(10);
  assert.deepEqual(state.lag, { entries: 0, seconds: 0 }, 'a quiet partition is not behind');
  clock.pass(2_000);
  await claims(15);
  assert.deepEqual(state.lag, { entries: 5, seconds: 2 });
  clock.pass(2_000);
  await claims(30);
  assert.deepEqual(state.lag, { entries: 20, seconds: 4 });
  state.position = { epoch: 'e', at: 15 };
  await claims(30);
  assert.deepEqual(state.lag, { entries: 15, seconds: 2 }, 'it has what there was two seconds ago');
  state.position = { epoch: 'e', at: 30 };
  await claims(30);
  assert.deepEqual(state.lag, { entries: 0, seconds: 0 });
});
