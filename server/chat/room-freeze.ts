import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { about, bool } from './params.ts';
import { ACT } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { verb } from './verb.ts';

export const roomFreeze = verb({
  summary: 'Lets staff alone write in a room, or all who might before.',
  details: 'Messages that were on their way when the room froze do not count.',
  params: { ...ACT, on: about(bool, 'True to freeze the room.') },
  may: null,
  who: 'moderators and above',
  result: VERSION,
  errors: COMMIT_ERRORS,
  example: {
    params: { room: 'group:tea', id: '0190f3a3-2a00-7b22-9c3d-4e5f6a7b8c9d', on: true },
    result: { cv: 3, duplicate: false },
  },
  async run(call, { room, id, on }, chat) {
    const decide = (view: RoomView) => {
      view.demand('freeze');
      return view.state.frozen === on ? null : ({ act: 'freeze', on } as const);
    };
    return versionOf(await commit(call, chat, { room, id, decide }));
  },
});
