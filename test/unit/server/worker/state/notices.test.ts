import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { Notices } from '../../../../../server/worker/state/notices.ts';
import { RefusedWrites } from '../../../../../server/worker/state/refused-writes.ts';
import { ManualClock } from '../../../../support/clocks/manual-clock.ts';

const WINDOW_MS = 120_000;
const A_DAY_MS = 86_400_000;

/** Notices to a LOG that recognises a key for a window, and a MongoDB that has all it stored. */
function bench() {
  const clock = new ManualClock();
  const log = { keys: new Map<string, number>(), stored: 0 };
  const writes = new RefusedWrites({ refused: () => undefined, clock, log: pino({ level: 'silent' }) });
  const notices = new Notices({
    log: {
      async publish(_, __, { dedupe }) {
        const known = log.keys.get(dedupe);
        if (known !== undefined && clock.wallClock() - known < WINDOW_MS) return;
        log.keys.set(dedupe, clock.wallClock());
        log.stored += 1;
      },
    },
    isStored: async ({ dedupe }) => log.keys.has(dedupe),
    writes,
    logTime: async () => ({ now: clock.wallClock(), windowMs: WINDOW_MS }),
  });
  return { clock, log, notices };
}

for (const [what, aheadMs] of [
  ['a day ahead', A_DAY_MS],
  ['right', 0],
  ['a day behind', -A_DAY_MS],
] as const)
  test(`a user is told once of the act of a gateway whose clock is ${what}, whenever the entry is folded again`, async () => {
    const { clock, log, notices } = bench();
    const entry = { room: 'group:tea', type: 'member', by: '2', body: {}, notBefore: clock.wallClock() } as const;
    const time = clock.wallClock() + aheadMs;
    for (const pauseMs of [0, WINDOW_MS / 2, WINDOW_MS, A_DAY_MS - WINDOW_MS, A_DAY_MS]) {
      clock.pass(pauseMs);
      await notices.store('bob', { ...entry, time });
    }
    assert.equal(log.stored, 1);
  });

test('where the time of storing is not known, one that is ahead of LOG is no reason to take the notice for new', async () => {
  const { clock, log, notices } = bench();
  const time = clock.wallClock() + A_DAY_MS;
  const notice = { room: 'dm:a', type: 'dm', by: '', body: {}, time, notBefore: time } as const;
  await notices.store('bob', notice);
  clock.pass(2 * WINDOW_MS);
  await notices.store('bob', notice);
  assert.equal(log.stored, 1);
});
