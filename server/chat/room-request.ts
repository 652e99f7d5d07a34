import { hasPlace } from '../access/rights.ts';
import { ERRORS } from '../protocol/codes.ts';
import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { about } from './params.ts';
import { ACT, demandPlaces, MOST_PENDING, noteParam } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { demandPlaceOf, withoutPlace } from './rooms-of-user.ts';
import { verb } from './verb.ts';

export const roomRequest = verb({
  summary: 'Asks to become a member of a room.',
  params: { ...ACT, note: about(noteParam, 'Words to those who decide, for all who read the room.') },
  may: null,
  who: 'every signed-in user, in kinds with `join: Request`',
  result: VERSION,
  errors: [
    ...COMMIT_ERRORS,
    {
      error: ERRORS.limitExceeded,
      when: `${MOST_PENDING} invitations and requests of the room wait, or the caller has 2,000 rooms.`,
    },
  ],
  example: {
    params: { room: 'club:tea', id: '0190f3a3-ea00-7b22-9c3d-4e5f6a7b8c9d', note: 'Bob knows me' },
    result: { cv: 15, duplicate: false },
  },
  async run(call, { room, id, note }, chat) {
    const full = await withoutPlace(chat, room, [call.identity.user]);
    const decide = (view: RoomView) => {
      if (hasPlace(view.self) && view.rules.join === 'Request' && !view.state.deleted) return null;
      view.demand('request');
      demandPlaceOf([view.user], full);
      demandPlaces(view, ['invited', 'requested'], 1, MOST_PENDING);
      return { act: 'request', ...(note === undefined ? {} : { note }) } as const;
    };
    return versionOf(await commit(call, chat, { room, id, decide }));
  },
});
