import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Copies } from '../../../../server/bus/copies.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';

const MINUTE = 60_000;

function copiesOf(set: number) {
  const clock = new ManualClock();
  const told: string[] = [];
  const copies = new Copies(
    set,
    () => clock.now(),
    reason => void told.push(reason),
  );
  const tried: number[] = [];
  /** Makes a stream on a server that answers more than one replica with `refusal`. */
  const make = (refusal: { readonly code: number; readonly message: string } | null) =>
    copies.make(copies.forNew(), async replicas => {
      tried.push(replicas);
      if (refusal && replicas > 1) throw Object.assign(new Error(refusal.message), { code: refusal.code });
      return replicas;
    });
  return { copies, clock, told, tried, make };
}
const SINGLE = { code: 10_074, message: 'replicas > 1 not supported in non-clustered mode' };
const NO_PEERS = { code: 10_005, message: 'no suitable peers for placement' };

test('not set, a stream is made with three copies', async () => {
  const { tried, told, make } = copiesOf(0);
  assert.equal(await make(null), 3);
  assert.deepEqual([tried, told], [[3], []]);
});

for (const [refusal, words] of [
  [SINGLE, /^NATS is a single server/],
  [NO_PEERS, /^NATS has fewer than three servers/],
] as const)
  test(`"${refusal.message}" makes it one copy, and says why; three are tried again after a minute`, async () => {
    const { copies, clock, tried, told, make } = copiesOf(0);
    assert.equal(await make(refusal), 1);
    assert.equal(await make(refusal), 1);
    assert.deepEqual(tried, [3, 1, 1]);
    assert.equal(told.length, 1);
    assert.match(copies.reason ?? '', words);
    assert.ok(copies.reason?.includes(refusal.message));
    clock.pass(MINUTE);
    assert.equal(await make(null), 3);
  });

test('any other answer is an error, and not a reason for fewer copies', async () => {
  const { tried, make } = copiesOf(0);
  await assert.rejects(make({ code: 10_047, message: 'insufficient storage resources available' }), /insufficient/);
  await assert.rejects(make({ code: 10_008, message: 'JetStream system temporarily unavailable' }), /unavailable/);
  assert.deepEqual(tried, [3, 3]);
});

test('a number that is set is kept, and what NATS answers to it is an error', async () => {
  const { copies, clock, tried, make } = copiesOf(3);
  await assert.rejects(make(SINGLE), /non-clustered/);
  assert.deepEqual(tried, [3]);
  assert.deepEqual(
    [copies.forStream(1), copies.forStream(5), copies.forStream(undefined), copies.reason],
    [3, 3, 3, ''],
  );
  clock.pass(MINUTE);
  assert.equal(copies.isDue(0), false);
  assert.equal(copiesOf(1).copies.forStream(3), 1);
});

test('a stream that is there keeps its copies until more are asked for: after a minute, for each partition, then once a minute', () => {
  const { copies, clock } = copiesOf(0);
  assert.deepEqual(
    [1, 3, 5].map(held => copies.forStream(held)),
    [1, 3, 5],
  );
  assert.equal(copies.isDue(0), false, 'workers of an earlier release may be about to end');
  clock.pass(MINUTE);
  assert.deepEqual([copies.isDue(0), copies.isDue(1), copies.isDue(0)], [true, true, false]);
  clock.pass(MINUTE);
  assert.equal(copies.isDue(0), true);
  copies.failed(new Error('timeout'));
  assert.equal(copies.isDue(1), false, 'what one partition was refused no other asks for at once');
  assert.match(copies.reason ?? '', /timeout/);
  clock.pass(MINUTE);
  assert.equal(copies.isDue(1), true);
});
