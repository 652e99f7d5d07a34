import { ERRORS } from '../protocol/codes.ts';
import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { ON_USER } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { verb } from './verb.ts';

export const roomDeny = verb({
  summary: 'Refuses a user who has asked to become a member.',
  params: ON_USER,
  may: null,
  who: 'moderators and above',
  result: VERSION,
  errors: [
    ...COMMIT_ERRORS,
    { error: ERRORS.notFound, when: 'The user has not asked, or the request was decided on.' },
  ],
  example: {
    params: { room: 'club:tea', id: '0190f3a3-fb00-7b22-9c3d-4e5f6a7b8c9d', user: 'dan' },
    result: { cv: 17, duplicate: false },
  },
  async run(call, { room, id, user }, chat) {
    const decide = (view: RoomView) => {
      view.demand('approve');
      view.demandRequest(user);
      return { act: 'deny', user } as const;
    };
    return versionOf(await commit(call, chat, { room, id, users: [user], decide }));
  },
});
