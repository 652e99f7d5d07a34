import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_DONE, MOST_LISTED, NO_ROOM } from '../../../../server/fold/room-state.ts';
import { itemsOf, MOST_ITEMS } from '../../../../server/fold/state-items.ts';
import { created, stateAfter } from '../../../support/chat/control-log.ts';

test('a state weighs what its lists have', () => {
  const state = stateAfter([
    ['ann', created({ ann: 'owner', bob: 'member', eve: 'member' })],
    ['ann', { act: 'link', hash: 'l', uses: 1, expires: 9_000_000 }],
    ['ann', { act: 'mute', user: 'bob', until: 9_000_000 }],
  ]);
  const lists = [state.members.size, state.links.size, state.cuts.length, state.ids.length];
  assert.deepEqual(lists, [3, 1, 1, 3]);
  assert.equal(itemsOf(state) - itemsOf(NO_ROOM), 8);
});

test('the largest states do not push each other out one by one', () => {
  assert.ok(MOST_ITEMS > 100 * (MOST_LISTED + MOST_DONE));
});
