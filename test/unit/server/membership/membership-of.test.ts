import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_ROOM, type RoomState } from '../../../../server/fold/room-state.ts';
import { membershipOf } from '../../../../server/membership/membership-of.ts';
import type { UserRoom } from '../../../../server/membership/room-states.ts';
import { created, stateAfter } from '../../../support/chat/control-log.ts';

const document = (parts: Partial<UserRoom> = {}): UserRoom => ({
  state: 'member',
  rank: 'member',
  since: 9,
  cv: 1,
  kind: 'channel',
  ...parts,
});
const channel = stateAfter([
  ['ann', created({ ann: 'owner' }, true)],
  ['ann', { act: 'role', user: 'mod', rank: 'moderator' }],
  ['ann', { act: 'kick', user: 'bob' }],
]);
const told = (state: RoomState, user: string, found?: UserRoom) => {
  const known = membershipOf(state, user, found);
  return known && [known.state, known.rank, known.since, known.cv];
};

test('a state with all members needs no document; a room that was never created has members by their own word', () => {
  const group = stateAfter([['ann', created({ ann: 'owner' })]]);
  assert.equal(told(group, 'bob', document()), null);
  assert.deepEqual(told(group, 'ann'), ['member', 'owner', 1, 1]);
  assert.deepEqual(told(NO_ROOM, 'bob', document({ cv: 0 })), ['member', 'member', 9, 0]);
});

test('of an act of staff and a join the later version counts; a rank stays', () => {
  assert.deepEqual(told(channel, 'bob', document({ cv: 2 })), ['left', 'member', 9, 3]);
  assert.deepEqual(told(channel, 'bob', document({ cv: 3 })), ['member', 'member', 9, 3]);
  assert.deepEqual(told(channel, 'mod', document()), ['member', 'moderator', 9, 2]);
  assert.deepEqual(told(channel, 'eve', document()), ['member', 'member', 9, 1]);
  assert.equal(told(channel, 'eve'), null);
});

test('a mute of a user whom the state does not list changes neither the membership nor the rank', () => {
  const group: RoomState = { ...stateAfter([['ann', created({ ann: 'owner' })]]), full: false, count: 2_000 };
  for (const [room, by] of [
    [channel, { cv: 9 }],
    [group, { cv: 1 }],
  ] as const) {
    const muted = stateAfter([['ann', { act: 'mute', user: 'eve', until: 1e12 }]], room);
    const found = document({ rank: 'guest', ...by });
    assert.deepEqual(told(muted, 'eve', found), ['member', 'guest', 9, by.cv]);
    assert.equal(membershipOf(muted, 'eve', found)?.mutedUntil, 1e12);
  }
});
