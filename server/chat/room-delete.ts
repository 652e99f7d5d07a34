import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { ACT } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { verb } from './verb.ts';

export const roomDelete = verb({
  summary: 'Ends a room for everybody.',
  details: 'Nobody can read or write in it any more. Messages that were on their way do not count.',
  params: ACT,
  may: null,
  who: 'owners',
  result: VERSION,
  errors: COMMIT_ERRORS,
  example: {
    params: { room: 'group:tea', id: '0190f3a3-3a00-7b22-9c3d-4e5f6a7b8c9d' },
    result: { cv: 4, duplicate: false },
  },
  async run(call, { room, id }, chat) {
    const decide = (view: RoomView) => {
      view.demand('delete');
      return { act: 'delete' } as const;
    };
    return versionOf(await commit(call, chat, { room, id, decide }));
  },
});
