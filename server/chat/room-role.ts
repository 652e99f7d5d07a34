import { atLeast } from '../access/rights.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { about } from './params.ts';
import { demandStaffPlaces, ON_USER, rankParam } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { verb } from './verb.ts';

export const roomRole = verb({
  summary: 'Gives a member another rank.',
  params: { ...ON_USER, role: about(rankParam, 'The new rank.') },
  may: null,
  who: 'admins, on members below them and up to the rank below their own; owners',
  result: VERSION,
  errors: [
    ...COMMIT_ERRORS,
    { error: ERRORS.notFound, when: 'The user is not a member.' },
    { error: ERRORS.conflict, when: 'The room would be without an owner.' },
    { error: ERRORS.limitExceeded, when: 'The room has the most members above the rank member.' },
  ],
  example: {
    params: { room: 'group:tea', id: '0190f3a3-9a00-7b22-9c3d-4e5f6a7b8c9d', user: 'bob', role: 'moderator' },
    result: { cv: 10, duplicate: false },
  },
  async run(call, { room, id, user, role }, chat) {
    const decide = (view: RoomView) => {
      view.demand('role');
      view.demandMember(user);
      view.demand('role', user, role);
      const rank = view.rank(user);
      if (rank === role) return null;
      if (rank === 'owner' && view.staff('owner').length === 1)
        throw new CommandError(ERRORS.conflict, `${user} is the last owner: make another member the owner first`);
      if (atLeast(role, 'moderator') && !atLeast(rank, 'moderator')) demandStaffPlaces(view, 1);
      return { act: 'role', user, rank: role, ...view.joinOf(user) } as const;
    };
    return versionOf(await commit(call, chat, { room, id, users: [user], decide }));
  },
});
