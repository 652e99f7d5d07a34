import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logClock } from '../../../../server/bus/log-clock.ts';
import { ReadFailed } from '../../../../server/room/log.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';

test('the time of a stream goes on from its last answer, and the stream is asked now and then', async () => {
  const clock = new ManualClock();
  const log = { now: 5_000, asked: [] as number[], away: false };
  const read = logClock(async partition => {
    log.asked.push(partition);
    if (log.away) throw new ReadFailed('away');
    return { now: log.now, windowMs: 120_000 };
  }, clock);
  assert.deepEqual(await read(1), { now: 5_000, windowMs: 120_000 });
  clock.pass(4_000);
  clock.setWall(86_400_000);
  assert.equal((await read(1)).now, 9_000, 'the time of day of this machine tells nothing');
  assert.equal((await read(2)).now, 5_000);
  assert.deepEqual(log.asked, [1, 2]);
  log.now = 1_000_000;
  clock.pass(10_000);
  assert.equal((await read(1)).now, 1_000_000, 'the clock of the leader was set, or another one leads');
  log.away = true;
  clock.pass(11_000);
  await assert.rejects(read(1), ReadFailed);
  log.away = false;
  assert.equal((await read(1)).now, 1_000_000);
});
