import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portionOf } from '../../../../server/room/portion.ts';

const messages = (...sizes: number[]) => sizes.map(size => ({ data: new Uint8Array(size) }));

test('a portion ends at so many messages, or where its bytes would be too many, frames counted', () => {
  assert.equal(portionOf(messages(1, 1, 1), 10, 10_000), 3);
  assert.equal(portionOf(messages(1, 1, 1), 2, 10_000), 2);
  assert.equal(portionOf(messages(800, 800, 800), 10, 2_000), 2);
  assert.equal(portionOf(messages(800, 800, 800), 10, 1_999), 1);
  assert.equal(portionOf([], 10, 10_000), 0);
});

test('a message that is larger than a portion is one', () => {
  assert.equal(portionOf(messages(50_000, 1), 10, 1_000), 1);
});
