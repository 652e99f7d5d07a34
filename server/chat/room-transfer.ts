import { ERRORS } from '../protocol/codes.ts';
import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { demandOther, ON_USER } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { verb } from './verb.ts';

export const roomTransfer = verb({
  summary: 'Makes another member the owner. The caller becomes an admin.',
  params: ON_USER,
  may: null,
  who: 'owners',
  result: VERSION,
  errors: [...COMMIT_ERRORS, { error: ERRORS.notFound, when: 'The user is not a member.' }],
  example: {
    params: { room: 'group:tea', id: '0190f3a3-aa00-7b22-9c3d-4e5f6a7b8c9d', user: 'bob' },
    result: { cv: 11, duplicate: false },
  },
  async run(call, { room, id, user }, chat) {
    demandOther(call, user);
    const decide = (view: RoomView) => {
      view.demand('transfer');
      view.demandMember(user);
      return { act: 'transfer', user, ...view.joinOf(user) } as const;
    };
    return versionOf(await commit(call, chat, { room, id, users: [user], decide }));
  },
});
