import { ERRORS } from '../protocol/codes.ts';
import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { ON_USER } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { verb } from './verb.ts';

export const roomApprove = verb({
  summary: 'Makes a user who has asked for it a member.',
  params: ON_USER,
  may: null,
  who: 'moderators and above',
  result: VERSION,
  errors: [
    ...COMMIT_ERRORS,
    { error: ERRORS.notFound, when: 'The user has not asked, or the request was decided on.' },
    { error: ERRORS.limitExceeded, when: 'The room is full.' },
  ],
  example: {
    params: { room: 'club:tea', id: '0190f3a3-fa00-7b22-9c3d-4e5f6a7b8c9d', user: 'dan' },
    result: { cv: 16, duplicate: false },
  },
  async run(call, { room, id, user }, chat) {
    const decide = (view: RoomView) => {
      view.demand('approve');
      view.demandRequest(user);
      view.demandPlaceFor(1);
      return { act: 'approve', user } as const;
    };
    return versionOf(await commit(call, chat, { room, id, users: [user], decide }));
  },
});
