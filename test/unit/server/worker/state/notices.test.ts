import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { Notices } from '../../../../../server/worker/state/notices.ts';
import { RefusedWrites } from '../../../../../server/worker/state/refused-writes.ts';
import type { EntryPlace } from '../../../../../server/worker/state/waiting-notices.ts';
import { ManualClock } from '../../../../support/clocks/manual-clock.ts';

const WINDOW_MS = 120_000;
const A_DAY_MS = 86_400_000;
const OF: EntryPlace = { room: 'group:tea', offset: 7 };

/** Notices to a LOG that recognises a key for a window, and a MongoDB that has all it stored. */
function bench() {
  const clock = new ManualClock();
  const log = { keys: new Map<string, number>(), stored: 0 };
  const store = { up: true };
  const waiting: EntryPlace[] = [];
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
    isStored: async (_, { dedupe }) => (store.up ? log.keys.has(dedupe) : null),
    waits: of => waiting.push(of),
    writes,
    logTime: async () => ({ now: clock.wallClock(), windowMs: WINDOW_MS }),
  });
  return { clock, log, store, waiting, notices };
}

for (const [what, aheadMs] of [
  ['a day ahead', A_DAY_MS],
  ['right', 0],
  ['a day behind', -A_DAY_MS],
] as const)
  test(`a user is told once of the act of a gateway whose clock is ${what}, whenever the entry is folded again`, async () => {
    const { clock, log, notices } = bench();
    const entry = {
      room: 'group:tea',
      type: 'member',
      of: OF,
      by: '2',
      body: {},
      notBefore: clock.wallClock(),
    } as const;
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
  const notice = { room: 'dm:a', type: 'dm', of: OF, by: '', body: {}, time, notBefore: time } as const;
  await notices.store('bob', notice);
  clock.pass(2 * WINDOW_MS);
  await notices.store('bob', notice);
  assert.equal(log.stored, 1);
});

test('an old notice waits while it cannot be told whether it was stored, and is stored once that is known', async () => {
  const { clock, log, store, waiting, notices } = bench();
  const notBefore = clock.wallClock();
  const notice = { room: 'group:tea', type: 'member', of: OF, by: '2', body: {}, time: 0, notBefore } as const;
  clock.pass(WINDOW_MS);
  store.up = false;
  await notices.store('bob', notice);
  assert.deepEqual([log.stored, waiting], [0, [OF]]);
  store.up = true;
  for (const _ of [1, 2]) await notices.store('bob', notice);
  assert.deepEqual([log.stored, waiting], [1, [OF]]);
});
