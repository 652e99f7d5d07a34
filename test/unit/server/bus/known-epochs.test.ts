import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EPOCH_AGE_MS, KnownEpochs } from '../../../../server/bus/known-epochs.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';

function setUp() {
  const clock = new ManualClock();
  const epochs = new KnownEpochs(() => clock.now());
  const answers: (string | Error)[] = [];
  let asked = 0;
  const current = () =>
    epochs.current(0, async () => {
      asked += 1;
      const answer = answers.shift() ?? new Error('no answer');
      if (answer instanceof Error) throw answer;
      epochs.set(0, answer);
      return { epoch: answer };
    });
  return { clock, epochs, answers, current, asked: () => asked };
}

test('an epoch that was read lately is not read again; an old one is', async () => {
  const { clock, epochs, answers, current, asked } = setUp();
  answers.push('first', 'second');
  assert.equal(epochs.last(0), '');
  assert.equal(await current(), 'first');
  clock.pass(EPOCH_AGE_MS - 1);
  assert.deepEqual([await current(), asked()], ['first', 1]);
  clock.pass(1);
  assert.deepEqual([await current(), asked(), epochs.last(0), epochs.last(1)], ['second', 2, 'second', '']);
});

test('the last epoch stands in while the stream does not answer; without one the failure is the answer', async () => {
  const { clock, answers, current } = setUp();
  await assert.rejects(current(), /no answer/);
  answers.push('first');
  await current();
  clock.pass(EPOCH_AGE_MS);
  assert.equal(await current(), 'first');
});
