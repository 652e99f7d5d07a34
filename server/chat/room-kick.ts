import { ERRORS } from '../protocol/codes.ts';
import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { demandOther, ON_USER } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { verb } from './verb.ts';

export const roomKick = verb({
  summary: 'Takes a member out of a room.',
  details:
    'The member gets nothing that is stored after it, on any gateway, and messages on their way from the member do not count.',
  params: ON_USER,
  may: null,
  who: 'moderators and above, on members of a lower rank; owners on all',
  result: VERSION,
  errors: [...COMMIT_ERRORS, { error: ERRORS.notFound, when: 'The user is not a member.' }],
  example: {
    params: { room: 'group:tea', id: '0190f3a3-5a00-7b22-9c3d-4e5f6a7b8c9d', user: 'eve' },
    result: { cv: 6, duplicate: false },
  },
  async run(call, { room, id, user }, chat) {
    demandOther(call, user);
    const decide = (view: RoomView) => {
      view.demand('kick');
      view.demandMember(user);
      view.demand('kick', user);
      return { act: 'kick', user } as const;
    };
    return versionOf(await commit(call, chat, { room, id, users: [user], decide }));
  },
});
