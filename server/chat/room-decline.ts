import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { ACT } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { verb } from './verb.ts';

export const roomDecline = verb({
  summary: 'Declines an invitation.',
  params: ACT,
  may: null,
  who: 'users who are invited',
  result: VERSION,
  errors: COMMIT_ERRORS,
  example: {
    params: { room: 'group:tea', id: '0190f3a3-da00-7b22-9c3d-4e5f6a7b8c9d' },
    result: { cv: 14, duplicate: false },
  },
  async run(call, { room, id }, chat) {
    const decide = (view: RoomView) => {
      view.demand('decline');
      return { act: 'decline' } as const;
    };
    return versionOf(await commit(call, chat, { room, id, decide }));
  },
});
