import { ERRORS } from '../protocol/codes.ts';
import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { about, byUser, oneOf, optional } from './params.ts';
import { unwilling } from './privacy.ts';
import { ACT, demandStaffPlaces, rankParam, usersParam } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { refusedBefore, withoutPlace } from './rooms-of-user.ts';
import { verb } from './verb.ts';

export const roomAdd = verb({
  summary: 'Makes users members of a room.',
  details: [
    'A user who is a member already counts as added and keeps the rank. A banned user, one with 2,000 rooms, and one whose setting `add`',
    'does not allow it and who has not asked to join, is refused: `room.invite` may do. So is one whom the caller blocks or is blocked by.',
  ].join('\n'),
  params: {
    ...ACT,
    users: usersParam,
    role: about(optional(rankParam), 'Rank that they get. Default: `member`.'),
  },
  may: null,
  who: 'members of the rank that the kind names in `invite`, and above; a rank of staff is given by a higher one alone',
  result: { users: about(byUser(oneOf('added', 'refused')), 'Outcome for each user.'), ...VERSION },
  errors: [...COMMIT_ERRORS, { error: ERRORS.limitExceeded, when: 'The room has no place for all of them.' }],
  example: {
    params: { room: 'group:tea', id: '0190f3a3-4a00-7b22-9c3d-4e5f6a7b8c9d', users: ['eve'] },
    result: { users: { eve: 'added' }, cv: 5, duplicate: false },
  },
  async run(call, { room, id, users, role = 'member' }, chat) {
    const full = await withoutPlace(chat, room, users);
    const shy = await unwilling(chat, call, users, 'add');
    let refused: readonly string[] = [];
    const decide = (view: RoomView) => {
      view.demand('add', undefined, role);
      const isShy = (user: string) =>
        shy.has(user) && view.rank(user) === null && view.known(user)?.state !== 'requested';
      refused = users.filter(user => view.isBanned(user) || full.has(user) || isShy(user));
      const added = [...new Set(users)].filter(user => !refused.includes(user) && view.rank(user) === null);
      view.demandPlaceFor(added.length);
      if (role !== 'member' && role !== 'guest') demandStaffPlaces(view, added.length);
      return added.length === 0 ? null : ({ act: 'add', users: added.map(user => ({ user, rank: role })) } as const);
    };
    const done = await commit(call, chat, { room, id, users, decide });
    if (done.duplicate) refused = refusedBefore(done.state, users, new Set([...full, ...shy]));
    const outcome = users.map(user => [user, refused.includes(user) ? 'refused' : 'added'] as const);
    return { users: Object.fromEntries(outcome), ...versionOf(done) };
  },
});
