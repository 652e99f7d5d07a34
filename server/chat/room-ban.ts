import { ERRORS } from '../protocol/codes.ts';
import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { about, optional } from './params.ts';
import { demandFuture, demandOther, demandPlaces, MOST_BANNED, noteParam, ON_USER, timeParam } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { verb } from './verb.ts';

export const roomBan = verb({
  summary: 'Takes a user out of a room and keeps the user out.',
  params: {
    ...ON_USER,
    until: about(optional(timeParam), 'End of the ban, milliseconds since 1970. Default: no end.'),
    reason: about(noteParam, 'Reason, for all who read the room.'),
  },
  may: null,
  who: 'moderators and above, on users of a lower rank; owners on all',
  result: VERSION,
  errors: [...COMMIT_ERRORS, { error: ERRORS.limitExceeded, when: `The room has ${MOST_BANNED} banned users.` }],
  example: {
    params: { room: 'group:tea', id: '0190f3a3-6a00-7b22-9c3d-4e5f6a7b8c9d', user: 'eve', reason: 'Advertising' },
    result: { cv: 7, duplicate: false },
  },
  async run(call, { room, id, user, until, reason }, chat) {
    demandOther(call, user);
    if (until !== undefined) demandFuture('until', until, chat.clocks.wallClock());
    const decide = (view: RoomView) => {
      view.demand('ban', user);
      const known = view.known(user);
      const isSame = known?.bannedUntil === (until ?? 0) && (reason === undefined || reason === (known.note ?? ''));
      if (known?.state === 'banned' && isSame) return null;
      if (known?.state !== 'banned') demandPlaces(view, ['banned'], 1, MOST_BANNED);
      const absent = view.rank(user) === null ? ({ absent: true } as const) : {};
      return { act: 'ban', user, until: until ?? 0, ...(reason === undefined ? {} : { reason }), ...absent } as const;
    };
    return versionOf(await commit(call, chat, { room, id, users: [user], decide }));
  },
});
