import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_ROOM } from '../../../../server/fold/room-state.ts';
import { itemsOf, MOST_ITEMS } from '../../../../server/fold/state-items.ts';
import { Recent } from '../../../../server/membership/recent.ts';
import { LARGE_ROOM } from '../../../support/chat/large-room.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';

test('values are young for a while, and of any age until others need their place', () => {
  const clock = new ManualClock();
  const recent = new Recent(10_000, () => clock.now(), { of: itemsOf, most: MOST_ITEMS });
  recent.set('group:first', LARGE_ROOM, clock.now());
  clock.pass(10_000);
  assert.deepEqual([recent.get('group:first'), recent.last('group:first')], [undefined, LARGE_ROOM]);
  for (let index = 0; index < 9_000; index++) recent.set(`dm:${index}`, NO_ROOM, clock.now());
  assert.equal(recent.last('group:first'), LARGE_ROOM, 'small values take little of the place');
  for (let index = 0; index < 300; index++) recent.set(`group:${index}`, LARGE_ROOM, clock.now());
  const kept = Array.from({ length: 300 }, (_, index) => index).filter(index => recent.get(`group:${index}`));
  assert.deepEqual([kept.at(0), kept.at(-1)], [101, 299]);
  assert.equal(recent.last('group:first'), undefined);
});
