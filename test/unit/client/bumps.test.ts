import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bumps } from '../../../client/bumps.ts';
import { ManualClock } from '../../support/clocks/manual-clock.ts';

test('hints of new messages refresh the list at once, and then once a second at most', async () => {
  const clock = new ManualClock();
  let refreshes = 0;
  const bumps = new Bumps(clock, () => {
    refreshes += 1;
  });
  const bump = { type: 'bump', rooms: [{ room: 'group:tea', top: 4 }] };
  for (const other of [null, 'bump', { type: 'mark' }]) bumps.heard(other);
  await clock.passSettling(0);
  assert.equal(refreshes, 0);
  bumps.heard(bump);
  await clock.passSettling(0);
  assert.equal(refreshes, 1);
  for (let i = 0; i < 3; i++) bumps.heard(bump);
  await clock.passSettling(999);
  assert.equal(refreshes, 1);
  await clock.passSettling(1);
  assert.equal(refreshes, 2);
});
