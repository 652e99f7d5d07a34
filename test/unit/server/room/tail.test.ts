import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Publication } from '../../../../server/protocol/codec.ts';
import { Tail, TailBudget } from '../../../../server/room/tail.ts';

const publication = (offset: number, bytes = 200): Publication => ({ data: new Uint8Array(bytes), offset });
const offsets = (publications: readonly Publication[]) => publications.map(({ offset }) => offset);

const budgetOf = (tailBytes: number, tailMessages = 100) => new TailBudget({ tailBytes, tailMessages });

function filled(budget: TailBudget, offsetsToAdd: readonly number[]): Tail {
  const tail = new Tail(budget, 0);
  for (const offset of offsetsToAdd) tail.append(publication(offset));
  return tail;
}

test('a tail answers what follows an offset, also one between two messages', () => {
  const tail = filled(budgetOf(1e6), [3, 7, 8, 20]);
  assert.deepEqual(offsets(tail.after(0)), [3, 7, 8, 20]);
  assert.deepEqual(offsets(tail.after(5)), [7, 8, 20]);
  assert.deepEqual(offsets(tail.after(7)), [8, 20]);
  assert.deepEqual(offsets(tail.after(20)), []);
});

test('a tail answers a page backwards if nothing of it is missing', () => {
  const whole = filled(budgetOf(1e6), [3, 7, 8, 20]);
  assert.deepEqual(offsets(whole.before(Number.MAX_SAFE_INTEGER, 2) ?? []), [20, 8]);
  assert.deepEqual(offsets(whole.before(8, 5) ?? []), [7, 3]);
  assert.deepEqual(whole.before(3, 5), []);
  const cut = new Tail(budgetOf(1e6), 2);
  for (const offset of [3, 7, 8]) cut.append(publication(offset));
  assert.deepEqual(offsets(cut.before(9, 3) ?? []), [8, 7, 3]);
  assert.equal(cut.before(8, 3), null);
  assert.equal(cut.before(1, 1), null);
});

test('a tail keeps its last messages and knows from where on it has everything', () => {
  const tail = filled(
    budgetOf(1e6, 10),
    Array.from({ length: 55 }, (_, i) => 2 * i + 2),
  );
  assert.ok(tail.size >= 10 && tail.size < 20);
  const kept = offsets(tail.after(tail.from));
  assert.equal(kept.length, tail.size);
  assert.equal(kept.at(-1), 110);
  assert.equal(tail.from, (kept[0] ?? 0) - 2);
});

test('the budget is never passed, and is free again when a tail is emptied', () => {
  const budget = budgetOf(20_000);
  const tails = Array.from({ length: 10 }, (_, i) => filled(budget, [i + 1]));
  for (let offset = 100; offset < 200; offset++) {
    tails[offset % 10]?.append(publication(offset, offset % 7 === 0 ? 5_000 : 100));
    assert.ok(budget.used <= 20_000, `${budget.used} at ${offset}`);
  }
  for (const tail of tails) tail.restart(200);
  assert.equal(budget.used, 0);
});

test('the room that got a message longest ago gives up its messages, until it has none', () => {
  const budget = budgetOf(16_000);
  const quiet = filled(budget, [1, 2, 3, 4, 5, 6, 7, 8]);
  const later = filled(budget, [9, 10, 11, 12]);
  const busy = new Tail(budget, 12);
  for (let offset = 13; offset <= 22; offset++) busy.append(publication(offset));
  assert.deepEqual([later.size, busy.size], [4, 10]);
  assert.equal(quiet.from, 8 - quiet.size);
  for (let offset = 23; offset <= 26; offset++) busy.append(publication(offset));
  assert.deepEqual([quiet.size, later.size < 4, busy.size], [0, true, 14]);
});

test('a message above the whole budget leaves every tail empty, and each knows what it no longer has', () => {
  const budget = budgetOf(10_000);
  const tails = Array.from({ length: 5 }, (_, i) => filled(budget, [i + 1]));
  tails[0]?.append(publication(50, 20_000));
  assert.equal(budget.used, 0);
  assert.deepEqual(
    tails.map(tail => [tail.size, tail.from]),
    [
      [0, 50],
      [0, 2],
      [0, 3],
      [0, 4],
      [0, 5],
    ],
  );
});

test('without a budget nothing is kept', () => {
  const tail = filled(budgetOf(0), [5, 6]);
  assert.deepEqual([tail.size, tail.from, tail.after(6)], [0, 6, []]);
});

test('lower limits take effect with the next message', () => {
  const limits = { tailBytes: 1e6, tailMessages: 100 };
  const budget = new TailBudget(limits);
  const [one, other] = [filled(budget, [1, 2, 3, 4]), filled(budget, [5, 6, 7, 8])];
  limits.tailBytes = 5_000;
  other.append(publication(9));
  assert.ok(budget.used <= 5_000);
  assert.ok(one.size < 4 && other.size === 5, `${one.size} and ${other.size}`);
  limits.tailMessages = 2;
  other.append(publication(10));
  assert.deepEqual(offsets(other.after(other.from)), [9, 10]);
});

test('what is struck is gone with its edits, and its memory is free', () => {
  const budget = budgetOf(1e6);
  const tail = new Tail(budget, 0);
  for (const offset of [1, 2, 3]) tail.append(publication(offset));
  tail.append(publication(4), 2);
  tail.append(publication(5), 3);
  const before = budget.used;
  tail.strike([2, 9]);
  assert.deepEqual(offsets(tail.after(0)), [1, 3, 5]);
  assert.equal(budget.used, (before / 5) * 3);
  tail.strike([1, 3]);
  assert.deepEqual([tail.size, budget.used], [0, 0]);
  tail.append(publication(6));
  assert.deepEqual(offsets(tail.after(0)), [6]);
});
