import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorize, type RoomAccess, readAllowed } from '../../../../server/access/room-access.ts';
import { ERRORS } from '../../../../server/protocol/codes.ts';
import type { Moment } from '../../../../server/time/clock.ts';

const DENIED = { error: ERRORS.permissionDenied, detail: 'removed' };
const ANN = { user: 'ann', rooms: [], expiresAt: Infinity as Moment };

const allowing = (readableAbove: number, upTo?: RoomAccess['upTo']): RoomAccess => ({
  readableAbove,
  may: () => null,
  ...(upTo && { upTo }),
});

/** Reads offsets 1 to 9 above an offset. */
const reading = (asked: number[]) => async (above: number) => {
  asked.push(above);
  return { value: [1, 5, 9].filter(offset => offset > above), upto: 9 };
};

test('what is done after a refusal that the leader does not confirm is done with the rights of the leader', async () => {
  const confirmed = allowing(7);
  const stale: RoomAccess = { may: () => DENIED, confirm: async () => confirmed };
  assert.equal(await authorize(() => stale, ANN, 'group:tea', 'history'), confirmed);
  const refused: RoomAccess = { may: () => DENIED, confirm: async () => ({ may: () => DENIED }) };
  await assert.rejects(async () => await authorize(() => refused, ANN, 'group:tea', 'history'), {
    error: DENIED.error,
  });
});

test('a user who was removed before the last entry that was read gets nothing of it', async () => {
  const asked: number[] = [];
  const access = allowing(0, () => ({ may: () => DENIED, confirm: async () => ({ may: () => DENIED }) }));
  await assert.rejects(readAllowed(access, reading(asked)), { error: DENIED.error });
  assert.deepEqual(asked, [0]);
});

test('a user who was removed and joined again meanwhile gets what is above the new join', async () => {
  const asked: number[] = [];
  const back = allowing(5, () => back);
  const access = allowing(0, () => back);
  assert.deepEqual(await readAllowed(access, reading(asked)), [9]);
  assert.deepEqual(asked, [0, 5]);
});

test('rights that change at every read end in a temporary error', async () => {
  let above = 0;
  const access = (): RoomAccess => allowing(above++, access);
  await assert.rejects(readAllowed(access(), reading([])), { name: 'ReadFailed' });
});

test('rights that no act changes are asked once', async () => {
  assert.deepEqual(await readAllowed(allowing(1), reading([])), [5, 9]);
  assert.deepEqual(await readAllowed(null, reading([])), [1, 5, 9]);
});
