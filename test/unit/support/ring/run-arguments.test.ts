import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wantedOf } from '../../../support/ring/run-arguments.ts';

const FILES = new Map([
  ['unit', ['test/unit/plan.test.ts', 'test/unit/waves.test.ts']],
  ['e2e', ['test/e2e/fleet-size.test.ts', 'test/e2e/full/cluster-down.test.ts']],
]);
const wanted = (...args: string[]) => {
  const { depth, rings, leftOut } = wantedOf(args, FILES);
  return { depth, rings: Object.fromEntries(rings), leftOut };
};

test('a ring runs without the files of its folder for depth full, which are named', () => {
  assert.deepEqual(wanted('e2e', 'unit'), {
    depth: 'ci',
    rings: { e2e: ['test/e2e/fleet-size.test.ts'], unit: FILES.get('unit') },
    leftOut: ['test/e2e/full/cluster-down.test.ts'],
  });
});

test('at depth full everything runs', () => {
  assert.deepEqual(wanted('e2e', '--depth', 'full'), {
    depth: 'full',
    rings: { e2e: FILES.get('e2e') },
    leftOut: [],
  });
});

test('a part of a path stands for the files of the ring, or of all rings, that have it', () => {
  assert.deepEqual(wanted('unit', 'a').rings, { unit: FILES.get('unit') });
  assert.deepEqual(wanted('./test/unit/plan.test.ts', 'fleet').rings, {
    unit: ['test/unit/plan.test.ts'],
    e2e: ['test/e2e/fleet-size.test.ts'],
  });
});

for (const [args, said] of [
  [[], /name a ring or a file/],
  [['unit', 'fleet'], /fleet is no ring, and part of no path/],
  [['cluster-down'], /cluster-down\.test\.ts: runs only with --depth full/],
  [['unit', '--depth', 'deep'], /--depth is ci or full, not deep/],
  [['unit', '--deep'], /--deep/],
] as const) {
  test(`the arguments ${JSON.stringify(args)} are refused with what is wrong with them`, () => {
    assert.throws(() => wanted(...args), { message: said });
  });
}
