import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedTime } from '../../../../server/bus/bounded-time.ts';
import { ReadFailed } from '../../../../server/room/log.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';
import { settle } from '../../../support/clocks/settle.ts';

const A_DAY_MS = 86_400_000;

/** A machine and a LOG, whose clocks can be wrong. */
async function bench() {
  const clock = new ManualClock();
  const log = { aheadMs: 0, asked: 0, away: false };
  const right = clock.wallClock() - clock.now();
  const time = boundedTime(async () => {
    log.asked += 1;
    if (log.away) throw new ReadFailed('away');
    return { now: right + clock.now() + log.aheadMs };
  }, clock);
  const read = async () => {
    time.wallClock();
    await settle();
    return time.wallClock() - (right + clock.now());
  };
  return { clock, log, read };
}

test('a time of day is not late by one clock that is ahead', async () => {
  const { clock, log, read } = await bench();
  assert.equal(await read(), 0);
  clock.setWall(8 * A_DAY_MS);
  assert.equal(await read(), 60_000, 'that of the machine');
  clock.setWall(-8 * A_DAY_MS);
  log.aheadMs = 8 * A_DAY_MS;
  clock.pass(10_000);
  assert.equal(await read(), 0, 'that of LOG');
  clock.setWall(8 * A_DAY_MS);
  assert.equal(await read(), 8 * A_DAY_MS, 'both say so');
});

test('LOG is asked now and then, and what it said last counts while it is away', async () => {
  const { clock, log, read } = await bench();
  await read();
  clock.setWall(8 * A_DAY_MS);
  for (let i = 0; i < 9; i++) {
    clock.pass(1_000);
    await read();
  }
  assert.equal(log.asked, 1);
  log.away = true;
  clock.pass(1_000);
  assert.deepEqual([await read(), log.asked], [60_000, 2]);
  clock.pass(A_DAY_MS);
  assert.deepEqual([await read(), log.asked], [60_000, 3]);
});
