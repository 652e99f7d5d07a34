import { ERRORS } from '../protocol/codes.ts';
import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { ACT } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { verb } from './verb.ts';

export const roomAccept = verb({
  summary: 'Accepts an invitation: the caller becomes a member.',
  params: ACT,
  may: null,
  who: 'users who are invited',
  result: VERSION,
  errors: [...COMMIT_ERRORS, { error: ERRORS.limitExceeded, when: 'The room is full.' }],
  example: {
    params: { room: 'group:tea', id: '0190f3a3-ca00-7b22-9c3d-4e5f6a7b8c9d' },
    result: { cv: 13, duplicate: false },
  },
  async run(call, { room, id }, chat) {
    const decide = (view: RoomView) => {
      if (view.rank(view.user) !== null && !view.state.deleted) return null;
      view.demand('accept');
      view.demandPlaceFor(1);
      return { act: 'accept' } as const;
    };
    return versionOf(await commit(call, chat, { room, id, decide }));
  },
});
