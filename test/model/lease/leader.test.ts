import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { NotLeader } from '../../../operator/leader/leader.ts';
import { seeded } from '../../../tools/support/random.ts';
import { ManualClock } from '../../support/clocks/manual-clock.ts';
import { LeaseServer, SimulatedCandidate } from './simulated-leases.ts';

const TIMINGS = { durationMs: 10_000, renewMs: 7_000, retryMs: 2_000 };
const STEP_MS = 100;

/** Some candidates in simulated time. At no moment may two of them act; nor may one begin while another's writes can be under way. */
class Contest {
  readonly time = new ManualClock(Date.UTC(2026, 0, 1), 0);
  readonly server = new LeaseServer();
  readonly candidates: SimulatedCandidate[] = [];
  readonly random: () => number;
  /** Until when a write of each may be under way. */
  readonly #writesUntil = new Map<SimulatedCandidate, number>();

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  join(name: string): SimulatedCandidate {
    const { time, server, random } = this;
    const offsetMs = Math.round((random() - 0.5) * 7_200_000);
    const candidate = new SimulatedCandidate({ time, server, name, timings: TIMINGS, offsetMs, random });
    this.candidates.push(candidate);
    return candidate;
  }

  get acting(): SimulatedCandidate[] {
    return this.candidates.filter(({ acts }) => acts);
  }

  check(): void {
    const { acting } = this;
    assert.ok(acting.length <= 1, 'two act');
    for (const [other, until] of this.#writesUntil)
      if (acting.some(one => one !== other))
        assert.ok(until <= this.time.now(), 'one acts while a write of another can be under way');
    for (const one of acting) this.#writesUntil.set(one, this.time.now() + one.leader.mayWriteMs());
  }

  /** The work it began has ended, as SIGTERM promises: the Lease is released before it expires. */
  resigned(candidate: SimulatedCandidate): void {
    this.#writesUntil.delete(candidate);
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      await this.time.passSettling(Math.min(STEP_MS, left));
      this.check();
    }
  }
}

/** Two candidates, the first of them leader. */
async function contest(t: TestContext): Promise<{ all: Contest; one: SimulatedCandidate; two: SimulatedCandidate }> {
  const all = new Contest(1);
  const one = all.join('one');
  await all.pass(1_000);
  const two = all.join('two');
  await all.pass(5_000);
  assert.deepEqual(all.acting, [one]);
  t.after(() => {
    for (const candidate of all.candidates) candidate.terminate();
  });
  return { all, one, two };
}

test('the first leads, goes on leading, and the second stands by', async t => {
  const { all, one, two } = await contest(t);
  await all.pass(60_000);
  assert.deepEqual(all.acting, [one]);
  assert.deepEqual([one.begun, two.begun], [1, 0]);
  assert.throws(() => two.leader.mayWriteMs(), NotLeader);
  assert.equal(all.server.lease?.spec?.leaseTransitions, 0);
});

test('a leader that is told to go ends its work, then gives the Lease away: the next leads after one retry', async t => {
  const { all, one, two } = await contest(t);
  one.endMs = 300;
  one.terminate();
  await all.time.passSettling(350);
  await one.ended;
  assert.deepEqual(
    one.turns.map(({ what }) => what),
    ['begin', 'ending', 'ended'],
  );
  assert.equal(all.server.lease?.spec?.holderIdentity, '');
  all.resigned(one);
  await all.pass(2_500);
  assert.deepEqual(all.acting, [two]);
  assert.equal(all.server.lease?.spec?.leaseTransitions, 1);
});

test('a leader that dies is followed within 15 s', async t => {
  const { all, one, two } = await contest(t);
  one.stop();
  await all.pass(15_000);
  assert.deepEqual(all.acting, [two]);
});

test('a leader that was stopped for 25 s does not act when it goes on, not even once', async t => {
  const { all, one, two } = await contest(t);
  one.stop();
  await all.pass(25_000);
  assert.equal(two.begun, 1);
  one.resume();
  all.check();
  assert.throws(() => one.leader.mayWriteMs(), NotLeader);
  await all.pass(30_000);
  assert.deepEqual(all.acting, [two]);
  assert.deepEqual(
    one.turns.map(({ what }) => what),
    ['begin', 'ending', 'ended'],
  );
  assert.equal(two.begun, 1);
});

test('a leader that does not reach the API server stops after 7 s, before another one begins', async t => {
  const { all, one, two } = await contest(t);
  const cutAt = all.time.now();
  one.link = 'down';
  await all.pass(20_000);
  const [, ending] = one.turns;
  const [begin] = two.turns;
  assert.ok(ending && ending.at - cutAt <= 7_000);
  assert.ok(begin && begin.at - ending.at >= 3_000, 'what it had sent has time to end');
  assert.ok(one.failures.length > 0);
  one.link = 'up';
  await all.pass(20_000);
  assert.deepEqual(all.acting, [two], 'who comes back waits');
});

test('an API server that is away for a minute costs the turn, and the same process may lead again', async t => {
  const { all, one, two } = await contest(t);
  for (const candidate of all.candidates) candidate.link = 'down';
  await all.pass(60_000);
  assert.deepEqual(all.acting, []);
  for (const candidate of all.candidates) candidate.link = 'up';
  await all.pass(10_000);
  assert.equal(all.acting.length, 1);
  assert.equal(one.begun + two.begun, 2);
});

test('a renewal whose answer is lost is found out by reading', async t => {
  const { all, one } = await contest(t);
  one.link = 'deaf';
  await all.pass(2_500);
  one.link = 'up';
  await all.pass(20_000);
  assert.deepEqual(all.acting, [one]);
  assert.equal(one.begun, 1);
});

test('when somebody removes the Lease, who held it takes it again', async t => {
  const { all, one, two } = await contest(t);
  for (let times = 0; times < 5; times++) {
    all.server.lease = undefined;
    await all.pass(5_300);
    assert.deepEqual(all.acting, [one]);
  }
  assert.equal(two.begun, 0);
});

test('a turn begins only when all of the last one has ended', async t => {
  const { all, one, two } = await contest(t);
  two.stop();
  one.endMs = 30_000;
  one.link = 'down';
  await all.pass(10_000);
  one.link = 'up';
  await all.pass(40_000);
  assert.deepEqual(
    one.turns.map(({ what }) => what),
    ['begin', 'ending', 'ended', 'begin'],
  );
});

test('it is told who holds the Lease, how old the last renewal is, and for how long nothing can be found out', async t => {
  const { all, one, two } = await contest(t);
  assert.deepEqual([one.seen.at(-1), two.seen.at(-1)], ['one renewed', 'one']);
  assert.ok((one.leader.ageMs() ?? Infinity) < 3_000);
  assert.deepEqual([two.leader.ageMs(), one.leader.trouble()], [undefined, undefined]);
  two.link = 'down';
  await all.pass(65_000);
  const trouble = two.leader.trouble();
  assert.ok(trouble && trouble.failingMs > 60_000);
  assert.equal(trouble.problem, 'no answer');
  two.link = 'up';
  await all.pass(10_000);
  assert.equal(two.leader.trouble(), undefined);
});

for (const seed of Array.from({ length: 12 }, (_, at) => at + 1))
  test(`three candidates under faults never act at the same time (seed ${seed})`, async t => {
    const all = new Contest(seed);
    const { random } = all;
    let born = 0;
    // A candidate that misses both of two removals in a row takes the second for the first.
    let removed = false;
    while (born < 3) all.join(`candidate-${born++}`);
    await all.pass(5_000);
    t.after(() => {
      for (const candidate of all.candidates) candidate.terminate();
    });
    for (let round = 0; round < 25; round++) {
      const at = Math.floor(random() * 3);
      const one = all.candidates.slice(-3)[at];
      assert.ok(one);
      const fault = Math.floor(random() * 7);
      if (fault === 0) one.stop();
      if (fault === 1) one.link = 'down';
      if (fault === 2) one.link = 'deaf';
      if (fault === 3) one.latencyMs = Math.round(random() * 3_000);
      if (fault === 4 && !removed) {
        removed = true;
        all.server.lease = undefined;
      }
      if (fault === 5) one.endMs = Math.round(random() * 5_000);
      await all.pass(Math.round(random() * 20_000));
      if (random() < 0.7) {
        one.resume();
        all.check();
        one.link = 'up';
      }
    }
    for (const candidate of all.candidates) {
      candidate.resume();
      all.check();
      candidate.link = 'up';
      candidate.latencyMs = 1;
    }
    await all.pass(40_000);
    assert.equal(all.acting.length, 1, 'when the faults are over, one leads');
  });
