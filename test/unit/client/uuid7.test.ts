import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuid7Source, uuid7Time } from '../../../client/uuid7.ts';

const zeros = (length: number) => new Uint8Array(length);
const ones = (length: number) => new Uint8Array(length).fill(0xff);

test('an id has the version, the variant and the time of its making', () => {
  const at = Date.UTC(2026, 10, 21, 12);
  for (const random of [zeros, ones]) {
    const id = uuid7Source(() => at, random)();
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(uuid7Time(id), at);
  }
});

test('an id lays out its time and random bits as RFC 9562 does', () => {
  const sequence = 0x0c3;
  const bytes = [sequence >> 8, sequence & 0xff, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
  assert.equal(
    uuid7Source(
      () => 0x017f22e279b0,
      () => Uint8Array.from(bytes),
    )(),
    '017f22e2-79b0-70c3-98c4-dc0c0c07398f',
  );
});

test('ids rise when the clock stands still for ten thousand of them', () => {
  const next = uuid7Source(() => 1_000, ones);
  const ids = Array.from({ length: 10_000 }, next);
  assert.deepEqual(ids, ids.toSorted());
  assert.equal(new Set(ids).size, ids.length);
});

test('ids rise when the clock steps back', () => {
  let now = 5_000;
  const next = uuid7Source(() => now, zeros);
  const before = next();
  now = 1_000;
  assert.ok(next() > before);
});

test('ids of a source are above all ids of the time it is to be after', () => {
  const at = 5_000;
  const highest =
    Array.from(
      { length: 2_049 },
      uuid7Source(() => at, ones),
    ).at(-1) ?? '';
  assert.equal(uuid7Time(highest), at);
  const next = uuid7Source(() => 1_000, zeros, at);
  assert.ok(next() > highest);
  assert.ok(uuid7Source(() => 9_000, zeros, at)() > highest);
});

test('text that is not a UUID of version 7 has no time', () => {
  assert.equal(uuid7Time('017f22e2-79b0-4cc3-98c4-dc0c0c07398f'), null);
  assert.equal(uuid7Time('hello'), null);
});
