import { ERRORS } from '../protocol/codes.ts';
import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { candidatesFor, successionIn } from './heirs.ts';
import { ownAct } from './own-act.ts';
import { ACT } from './room-params.ts';
import { type RoomView, rulesFor } from './room-view.ts';
import { verb } from './verb.ts';

export const roomLeave = verb({
  summary: 'Ends the membership of the caller.',
  details: [
    'When the last owner leaves, the oldest admin becomes the owner with the same entry, else the oldest moderator, else the oldest',
    'member: so of all who leave at the same time exactly one is followed. The room ends when its last member leaves. A room with more',
    'than 1,000 members remembers its 20 oldest members and the latest ones. If all of these have left, and in open kinds, one of the',
    'first 100 in `room.members` follows; while MongoDB is away the leave of the last owner then answers 100.',
  ].join('\n'),
  params: ACT,
  may: null,
  who: 'members',
  result: VERSION,
  errors: [...COMMIT_ERRORS, { error: ERRORS.notAvailable, when: 'The room is one of direct messages.' }],
  example: {
    params: { room: 'group:tea', id: '0190f3a4-3a00-7b22-9c3d-4e5f6a7b8c9d' },
    result: { cv: 21, duplicate: false },
  },
  async run(call, { room, id }, chat) {
    const { user } = call.identity;
    if (rulesFor(chat, room).access !== 'Members') {
      const { members } = await chat.rooms.fresh(room);
      if (members.get(user)?.state !== 'member')
        return await ownAct(call, chat, { room, id, on: false, check: view => view.demand('leave') });
    }
    const candidates = await candidatesFor(chat, room, user);
    const decide = (view: RoomView) => {
      view.demand('leave');
      return { act: 'leave', ...successionIn(view, candidates) } as const;
    };
    return versionOf(await commit(call, chat, { room, id, users: candidates ?? [], decide }));
  },
});
