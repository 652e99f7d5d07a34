import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageSlots } from '../../../../server/session/pages.ts';
import { Slots } from '../../../../server/session/slots.ts';
import { settle } from '../../../support/clocks/settle.ts';

/** Work that ends when its gate opens, by the order in which it was handed over. */
function work(slots: Slots, count: number) {
  const begun: number[] = [];
  const gates = Array.from({ length: count }, () => Promise.withResolvers<void>());
  const done = gates.map((gate, index) =>
    slots.run(() => {
      begun.push(index);
      return gate.promise;
    }),
  );
  return { begun, gates, done };
}

test('so much is under way at a time, and the rest begins in the order it came', async () => {
  const slots = new Slots(() => 2);
  const { begun, gates, done } = work(slots, 5);
  await settle();
  assert.deepEqual([begun, slots.underWay, slots.waiting], [[0, 1], 2, 3]);
  gates[1]?.resolve();
  await settle();
  assert.deepEqual(begun, [0, 1, 2]);
  for (const gate of gates) gate.resolve();
  await Promise.all(done);
  assert.deepEqual([begun, slots.underWay, slots.waiting], [[0, 1, 2, 3, 4], 0, 0]);
});

test('what fails gives up its slot, and its failure is the answer', async () => {
  const slots = new Slots(() => 1);
  const failing = slots.run(() => Promise.reject(new Error('no answer')));
  const next = slots.run(async () => 'answer');
  await assert.rejects(failing, /no answer/);
  assert.equal(await next, 'answer');
  assert.equal(slots.underWay, 0);
});

test('a limit that is lowered holds from the next slot on, and one that is raised lets more begin', async () => {
  let most = 3;
  const slots = new Slots(() => most);
  const { begun, gates, done } = work(slots, 6);
  await settle();
  most = 1;
  gates[0]?.resolve();
  gates[1]?.resolve();
  await settle();
  assert.deepEqual([begun, slots.underWay], [[0, 1, 2], 1]);
  most = 2;
  gates[2]?.resolve();
  await settle();
  assert.deepEqual([begun, slots.underWay], [[0, 1, 2, 3, 4], 2]);
  for (const gate of gates) gate.resolve();
  await Promise.all(done);
});

test('a gateway reads so many pages at a time that they take a quarter of its send buffers, and never fewer than four', async () => {
  for (const { bytes, pages } of [
    { bytes: 256 * 1024 * 1024, pages: 64 },
    { bytes: 1024 * 1024, pages: 4 },
  ]) {
    const slots = pageSlots({ sendBufferTotalBytes: bytes });
    const { begun, gates } = work(slots, 100);
    await settle();
    assert.equal(begun.length, pages);
    for (const gate of gates) gate.resolve();
    await settle();
  }
});
