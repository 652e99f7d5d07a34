import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Delivery, FLAWLESS } from '../../../../tools/support/delivery.ts';

function delivered(...received: readonly (readonly [id: string, offset: number])[]): Delivery {
  const delivery = new Delivery();
  delivery.acknowledged('a', 3);
  delivery.acknowledged('b', 5);
  const got = delivery.client('bob');
  for (const [id, offset] of received) got(id, offset);
  return delivery;
}

test('everything once and in order is flawless, also with a message whose answer never came', () => {
  const delivery = delivered(['a', 3], ['unanswered', 4], ['b', 5]);
  assert.ok(delivery.complete());
  assert.deepEqual(delivery.verdict(), FLAWLESS);
});

test('without a client, or without anything acknowledged, nothing is complete and nothing flawless', () => {
  const unread = new Delivery();
  unread.acknowledged('a', 3);
  assert.ok(!unread.complete());
  assert.throws(() => unread.verdict(), /nothing to judge/);
  const unsent = new Delivery();
  unsent.client('bob');
  assert.throws(() => unsent.verdict(), /nothing to judge/);
});

test('the checker finds what is lost', () => {
  const delivery = delivered(['a', 3]);
  assert.ok(!delivery.complete());
  assert.deepEqual(delivery.verdict(), { ...FLAWLESS, lost: ['bob: b'] });
});

test('the checker finds what is repeated, which is out of order too', () => {
  const { repeated, reordered } = delivered(['a', 3], ['b', 5], ['a', 3]).verdict();
  assert.deepEqual([repeated, reordered.length], [['bob: a'], 1]);
});

test('the checker finds what is reordered', () => {
  assert.deepEqual(delivered(['b', 5], ['a', 3]).verdict().reordered, ['bob: a at 3 after 5']);
});

test('the checker finds a message at another place than was answered', () => {
  assert.deepEqual(delivered(['a', 4], ['b', 5]).verdict().moved, ['bob: a at 4, not 3']);
});
