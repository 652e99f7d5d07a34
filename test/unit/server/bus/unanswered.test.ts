import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Unanswered } from '../../../../server/bus/unanswered.ts';

const failing = (bytes: number, unanswered: Unanswered) => {
  const { promise, reject } = Promise.withResolvers<void>();
  const during = assert.rejects(unanswered.during(bytes, promise));
  return async () => {
    reject(new Error('late'));
    await during;
  };
};

test('no more is taken on than the limit, until answers come', async () => {
  const unanswered = new Unanswered(100);
  const { promise, resolve } = Promise.withResolvers<string>();
  const first = unanswered.during(60, promise);
  assert.equal(unanswered.open(), true);
  const second = unanswered.during(60, promise);
  assert.equal(unanswered.open(), false);
  resolve('an answer');
  assert.deepEqual(await Promise.all([first, second]), ['an answer', 'an answer']);
  assert.equal(unanswered.open(), true);
});

test('what was given up on still counts, so that a silent server is sent no more than the limit', async () => {
  const unanswered = new Unanswered(100);
  await failing(90, unanswered)();
  const giveUp = failing(10, unanswered);
  assert.equal(unanswered.open(), false);
  await giveUp();
  // Nothing is under way: one may try.
  assert.equal(unanswered.open(), true);
  const trying = failing(1, unanswered);
  assert.equal(unanswered.open(), false);
  await trying();
});

test('one answer ends the silence', async () => {
  const unanswered = new Unanswered(100);
  await failing(500, unanswered)();
  await unanswered.during(1, Promise.resolve());
  const giveUp = failing(1, unanswered);
  assert.equal(unanswered.open(), true);
  await giveUp();
});
