import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Claim,
  hotWindowMs,
  type LogView,
  NEARLY_FULL,
  PRESSED_ABOVE,
  PRESSED_TO,
  planPurge,
} from '../../../../server/worker/purge-plan.ts';
import { integer, seeded } from '../../../../tools/support/random.ts';

const MIB = 1024 * 1024;
const store = (floor: number | null): Claim => ({ name: 'store', floor, greatestLag: Number.POSITIVE_INFINITY });
const hook = (floor: number | null, greatestLag: number): Claim => ({ name: 'hook', floor, greatestLag });
/** 100 messages of 1 MiB each in a stream of 1 GiB. */
const view: LogView = {
  first: 1,
  last: 100,
  bytes: 100 * MIB,
  maxBytes: 1024 * MIB,
  claims: [store(80)],
  hot: null,
  recent: null,
};

const cases: [what: string, change: Partial<LogView>, below: number | null][] = [
  ['what the store has acknowledged goes', {}, 81],
  ['the slowest consumer holds the rest', { claims: [store(80), hook(12, 90)] }, 13],
  ['a consumer that acknowledged nothing holds all', { claims: [store(80), hook(0, 100)] }, null],
  ['a consumer that is missing holds all', { claims: [store(80), hook(null, 100)] }, null],
  ['a consumer further behind than it may be holds nothing', { claims: [store(80), hook(12, 87)] }, 81],
  ['the store holds what it has not, however far it is behind', { claims: [store(0), hook(100, 1)] }, null],
  ['without the store consumer nothing goes', { claims: [store(null), hook(50, 90)] }, null],
  ['without any consumer nothing goes', { claims: [] }, null],
  ['the hot window holds what is in it', { hot: 41 }, 41],
  ['a hot window behind the floor changes nothing', { hot: 95 }, 81],
  ['a hot window from the first message holds all', { hot: 1 }, null],
  ['without the start of the hot window nothing goes', { hot: undefined }, null],
  ['a floor above the stream does not pass its end', { claims: [store(500)] }, 101],
  ['what is gone already is not purged again', { first: 81 }, null],
  ['a stream that never had a message is left alone', { first: 0, last: 0, bytes: 0, claims: [store(0)] }, null],
  ['an empty stream is left alone', { first: 101, last: 100, bytes: 0 }, null],
  ['a filling stream gives up the hot window', { hot: 1, maxBytes: 140 * MIB }, 31],
  ['also when the start of the hot window could not be read', { hot: undefined, maxBytes: 140 * MIB }, 31],
  ['but not what a repeat after a restart of NATS would store twice', { hot: 1, recent: 12, maxBytes: 140 * MIB }, 12],
  ['nothing if all of it is that young', { hot: 1, recent: 1, maxBytes: 140 * MIB }, null],
  ['nothing while that is not known', { hot: 1, recent: undefined, maxBytes: 140 * MIB }, null],
  ['what is older than the hot window in any case', { hot: 41, recent: undefined, maxBytes: 140 * MIB }, 41],
  ['but never what is not stored', { hot: 1, maxBytes: 101 * MIB, claims: [store(10)] }, 11],
  ['a stream without a bound never fills', { hot: 1, maxBytes: -1 }, null],
];
for (const [what, change, below] of cases)
  test(what, () => assert.equal(planPurge({ ...view, ...change }).below, below));

test('messages stay as long as NATS has to know their ids after a restart, also of ids ahead of the clock', () => {
  assert.equal(hotWindowMs({ hotWindowSeconds: 3_600, dedupeSeconds: 120 }), 3_600_000);
  assert.equal(hotWindowMs({ hotWindowSeconds: 0, dedupeSeconds: 120 }), 120_000);
});

test('a window is shortened only by what is removed inside it', () => {
  const full = { ...view, maxBytes: 140 * MIB };
  assert.equal(planPurge({ ...full, hot: 1 }).shortens, true);
  assert.equal(planPurge({ ...full, hot: 60 }).shortens, false, 'what is older than the window is enough');
  assert.equal(planPurge({ ...full, hot: null }).shortens, false);
  assert.equal(planPurge({ ...view, hot: 1 }).shortens, false);
});

test('a stream is nearly full when what is not stored nearly fills it, not when there is something to remove', () => {
  const maxBytes = 100 * MIB;
  assert.equal(planPurge({ ...view, maxBytes, claims: [store(100)] }).nearlyFull, false);
  assert.equal(planPurge({ ...view, maxBytes, claims: [store(21)] }).nearlyFull, false);
  assert.equal(planPurge({ ...view, maxBytes, claims: [store(19)] }).nearlyFull, true);
  assert.equal(planPurge({ ...view, maxBytes, claims: [store(null)] }).nearlyFull, true);
  assert.equal(planPurge({ ...view, maxBytes, claims: [store(100)], recent: 20 }).nearlyFull, true, 'too young to go');
  assert.equal(planPurge({ ...view, maxBytes, claims: [store(100)], recent: 22 }).nearlyFull, false);
  assert.equal(planPurge({ ...view, maxBytes, claims: [store(100)], recent: undefined }).nearlyFull, false);
});

test('a purge never passes a floor, always moves on, and makes room whenever the floors let it', () => {
  const random = seeded(7);
  const upTo = (most: number) => integer(random, most + 1);
  for (let round = 0; round < 20_000; round++) {
    const first = 1 + upTo(1_000);
    const last = first - 1 + upTo(1_000);
    const count = last - first + 1;
    const each = 100 + upTo(2_000);
    const maxBytes = 1 + upTo(2_500_000);
    const claims = [store(upTo(last)), ...(random() < 0.5 ? [hook(upTo(last), upTo(1_500))] : [])];
    const hot = random() < 0.2 ? null : random() < 0.2 ? undefined : first + upTo(count);
    const young = (hot ?? first) + upTo(last + 1 - (hot ?? first));
    const recent = hot === null || random() < 0.3 ? null : random() < 0.2 ? undefined : young;
    const seen = { first, last, bytes: count * each, maxBytes, claims, hot, recent };
    const plan = planPurge(seen);
    const told = JSON.stringify({ seen, plan });
    const floor = Math.min(
      ...claims.filter(claim => last - (claim.floor ?? 0) <= claim.greatestLag).map(c => c.floor ?? 0),
    );
    const below = plan.below ?? first;
    assert.ok(below >= first && below <= last + 1, told);
    assert.ok(below === first || below <= floor + 1, told);
    const left = (last + 1 - below) * each;
    if (seen.bytes > PRESSED_ABOVE * maxBytes) {
      const until = recent === undefined ? first : (recent ?? last + 1);
      const reach = hot === null ? last + 1 : Math.max(until, hot ?? first);
      const most = Math.max(first, Math.min(floor + 1, last + 1, reach));
      assert.ok(left <= PRESSED_TO * maxBytes || below === most, told);
      assert.ok(below <= most, told);
      const isNeeded = left + each > PRESSED_TO * maxBytes;
      assert.ok(isNeeded || below === first || hot === null || (hot !== undefined && below <= hot), told);
    } else {
      assert.equal(plan.shortens, false, told);
      assert.ok(hot === null || below <= Math.max(first, hot ?? first), told);
    }
    if (plan.nearlyFull) assert.ok(left > NEARLY_FULL * maxBytes, told);
  }
});
