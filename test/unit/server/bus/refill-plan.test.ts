import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOST_KEY, lostRangesOf, withLostRange } from '../../../../server/bus/lost-ranges.ts';
import {
  adoptedStart,
  FROM_KEY,
  incarnationStart,
  planRefill,
  type RefillView,
} from '../../../../server/bus/refill-plan.ts';
import { incidentOf } from '../../../../server/worker/incident.ts';
import { integer, seeded } from '../../../../tools/support/random.ts';

const stored = (offset: number, complete: number | null = offset, rolledBack = false) => ({
  offset,
  complete,
  rolledBack,
});
const view = { stored: stored(100), ackFloor: 100, first: 51, from: 1 };

const cases: [what: string, change: Partial<RefillView>, from: number | null, lost?: [number, number]][] = [
  ['what is acknowledged is stored', {}, null],
  ['a floor above the acknowledgements is normal', { ackFloor: 80 }, null],
  ['batches that are not complete yet are normal', { stored: stored(100, 60) }, null],
  ['nothing is judged in an empty cluster', { stored: stored(0, null), ackFloor: 0, first: 1 }, null],
  ['what the stream still has is stored again', { stored: stored(70) }, 71],
  ['from where all is complete', { stored: stored(70, 60) }, 61],
  ['what it has not is lost', { stored: stored(30) }, 51, [31, 50]],
  ['an empty MongoDB has lost everything before the stream', { stored: stored(0, null) }, 51, [1, 50]],
  ['also when the stream is empty', { stored: stored(30), first: 101 }, 101, [31, 100]],
  ['a floor of an earlier release says what is lost, not where it is complete', { stored: stored(60, null) }, 51],
  [
    'a floor that was rolled back counts although later messages raised it again',
    { stored: stored(120, 70, true) },
    71,
  ],
  ['a stream that was lifted has lost nothing', { stored: stored(70), ackFloor: 999, first: 1_000, from: 1_000 }, null],
  [
    'and of a lifted stream only what came since is lost',
    { stored: stored(70), ackFloor: 1_050, first: 1_040, from: 1_000 },
    1_040,
    [1_000, 1_039],
  ],
];
for (const [what, change, from, lost] of cases)
  test(what, () => {
    const expected = from === null ? null : { from, lost: lost ? { from: lost[0], to: lost[1] } : null };
    assert.deepEqual(planRefill({ ...view, ...change }), expected);
  });

test('after a refill every acknowledged message is stored, delivered again or noted as lost', () => {
  const random = seeded(3);
  for (let round = 0; round < 20_000; round++) {
    const from = 1 + (integer(random, 2) === 0 ? 0 : integer(random, 100));
    const first = from + integer(random, 100);
    const ackFloor = first - 1 + integer(random, 100);
    const complete = integer(random, 250);
    const offset = complete + integer(random, 30);
    const rolledBack = integer(random, 4) === 0;
    const plan = planRefill({ stored: { offset, complete, rolledBack }, ackFloor, first, from });
    const told = JSON.stringify({ from, first, ackFloor, complete, offset, rolledBack, plan });
    if (!plan) {
      assert.ok(!rolledBack && ackFloor <= Math.max(offset, from - 1), told);
      continue;
    }
    for (let at = from; at <= ackFloor; at++) {
      const lost = plan.lost !== null && at >= plan.lost.from && at <= plan.lost.to;
      assert.ok(at <= complete || at >= plan.from || lost, `${at} ${told}`);
      assert.ok(!lost || (at < first && at > complete), `${at} ${told}`);
    }
  }
});

test('the start of an incarnation is noted where it is missing', () => {
  assert.equal(incarnationStart({ config: { metadata: { [FROM_KEY]: '1000' } } }), 1_000);
  assert.equal(incarnationStart({ config: { metadata: {} } }), null);
  assert.equal(incarnationStart({ config: { metadata: { [FROM_KEY]: 'x' } } }), null);
  assert.equal(adoptedStart(stored(100), 100, 51), 1);
  assert.equal(adoptedStart(stored(40), 100, 51), 51);
});

test('lost ranges are read back, merged, and never more than fit', () => {
  const of = (text: string) => lostRangesOf({ config: { metadata: { [LOST_KEY]: text } } });
  assert.deepEqual(lostRangesOf({ config: {} }), []);
  assert.deepEqual(of('11-20,x,40-55'), [
    { from: 11, to: 20 },
    { from: 40, to: 55 },
  ]);
  assert.equal(withLostRange([], { from: 11, to: 20 }), '11-20');
  assert.equal(withLostRange(of('11-20,40-55'), { from: 21, to: 30 }), '11-30,40-55');
  assert.equal(withLostRange(of('11-20,40-55'), { from: 15, to: 45 }), '11-55');
  assert.equal(withLostRange(of('11-20,40-55'), { from: 11, to: 20 }), '11-20,40-55');
  let text = '';
  for (let at = 1; at <= 100; at++) text = withLostRange(of(text), { from: at * 10, to: at * 10 + 1 });
  assert.equal(of(text).length, 32);
  assert.deepEqual([of(text)[0]?.from, of(text).at(-1)?.to], [10, 1_001]);
});

test('an incident says what is stored again and what is lost', () => {
  assert.match(
    incidentOf('LOG_0', { do: 'refill', from: 41, lost: null }) ?? '',
    /LOG_0 from offset 41 on are stored again$/,
  );
  assert.match(incidentOf('LOG_0', { do: 'refill', from: 51, lost: { from: 41, to: 50 } }) ?? '', /41 to 50 are lost/);
  assert.match(
    incidentOf('LOG_0', { do: 'create-log', firstSeq: 1_000_090, above: 90 }) ?? '',
    /vanished .* above offset 90/,
  );
  assert.equal(incidentOf('LOG_0', { do: 'create-log', firstSeq: 1, above: 0 }), null);
  assert.equal(incidentOf('LOG_0', { do: 'create-consumer' }), null);
});
