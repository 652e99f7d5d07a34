import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedUsers } from '../../../../server/fold/changed-users.ts';
import type { ControlEntry } from '../../../../server/fold/control.ts';
import { foldControl } from '../../../../server/fold/control-fold.ts';
import { noticeOf } from '../../../../server/fold/membership-notice.ts';
import { NO_ROOM, type RoomState } from '../../../../server/fold/room-state.ts';
import { anyControlLog, created, entry, stateAfter } from '../../../support/chat/control-log.ts';
import { fuzz } from '../../../support/fuzz/fuzz.ts';

const MEMBER = ['member'];
const OTHER = [undefined, 'left', 'invited', 'requested'];
/** Relations, before an act, of those whom it is on: gateways refuse others. */
const SUBJECTS: Readonly<Partial<Record<ControlEntry['control']['act'], readonly (string | undefined)[]>>> = {
  add: OTHER,
  invite: [undefined, 'left'],
  accept: ['invited'],
  decline: ['invited'],
  join: OTHER,
  request: [undefined, 'left'],
  approve: ['requested'],
  deny: ['requested'],
  leave: MEMBER,
  kick: MEMBER,
  ban: [...MEMBER, ...OTHER],
  unban: ['banned'],
  role: MEMBER,
  transfer: MEMBER,
  mute: MEMBER,
};

/** True for an entry as a gateway decides on it. */
function isSensible({ control, by }: ControlEntry, { members, deleted }: RoomState): boolean {
  const users = 'users' in control ? control.users.map(each => (typeof each === 'string' ? each : each.user)) : [];
  if (control.act === 'invite' && control.approved)
    return !deleted && control.approved.every(user => members.get(user)?.state === 'requested');
  const subjects =
    'user' in control ? [control.user] : control.act === 'invite' || control.act === 'add' ? users : [by];
  const heir = control.act === 'leave' ? control.heir : undefined;
  if (heir !== undefined && (heir === by || members.get(heir)?.state !== 'member')) return false;
  if (control.act === 'transfer' && (by === control.user || members.get(by)?.state !== 'member')) return false;
  return !deleted && subjects.every(user => SUBJECTS[control.act]?.includes(members.get(user)?.state) ?? true);
}

fuzz('a notice tells the relation that the state has right after its entry', [1, 2, 3], 300, random => {
  let before = NO_ROOM;
  for (const added of anyControlLog(random, 60)) {
    const after = foldControl(before, added);
    if (after !== before && added.control.act !== 'snapshot' && isSensible(added, before))
      for (const user of changedUsers(before, after)) {
        const notice = noticeOf('group:tea', added, user, after);
        const known = after.members.get(user);
        const isMember = known?.state === 'member' && !after.deleted;
        const standing = known === undefined || known.state === 'banned' || after.deleted ? 'left' : known.state;
        if (notice)
          assert.deepEqual(
            [notice.state, notice.rank],
            [standing, isMember ? known.rank : 'member'],
            added.control.act,
          );
        else assert.equal(standing, 'left', added.control.act);
      }
    before = after;
  }
});

test('a user whom an entry is not about is not told', () => {
  const state = stateAfter([
    ['ann', created({ ann: 'owner', bob: 'admin', eve: 'member' })],
    ['ann', { act: 'transfer', user: 'bob' }],
  ]);
  const about = (user: string) =>
    noticeOf('group:tea', entry(2, 2, { act: 'transfer', user: 'bob' }), user, state)?.rank;
  assert.deepEqual([about('ann'), about('bob'), about('eve')], ['admin', 'owner', undefined]);
  assert.equal(noticeOf('group:tea', entry(2, 2, { act: 'update', name: 'x' }), 'ann', state), null);
});

test('the two users of a room are not told of it when it is made', () => {
  const make = { ...created({ ann: 'member', bob: 'member' }), kind: 'dm' } as const;
  const state = stateAfter([['ann', make]]);
  for (const user of ['ann', 'bob']) assert.equal(noticeOf('dm:x', entry(1, 1, make), user, state), null);
  const open = { ...make, open: true };
  assert.equal(noticeOf('dm:x', entry(1, 1, open), 'bob', stateAfter([['ann', open]]))?.state, 'member');
});
