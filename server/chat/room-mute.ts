import { ERRORS } from '../protocol/codes.ts';
import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { about } from './params.ts';
import { demandFuture, demandMutePlace, demandOther, MOST_MUTED, ON_USER, timeParam } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { verb } from './verb.ts';

export const roomMute = verb({
  summary: 'Keeps a user from writing in a room for a time.',
  details: 'The user goes on reading. Leaving and joining again does not end it.',
  params: {
    ...ON_USER,
    until: about(timeParam, 'End of the mute, milliseconds since 1970; 0 ends a mute now.'),
  },
  may: null,
  who: 'moderators and above, on users of a lower rank; owners on all',
  result: VERSION,
  errors: [
    ...COMMIT_ERRORS,
    { error: ERRORS.limitExceeded, when: `The room has ${MOST_MUTED} muted users.` },
    { error: ERRORS.notFound, when: 'The user is not a member, in a kind with access `Members`.' },
  ],
  example: {
    params: { room: 'group:tea', id: '0190f3a3-8a00-7b22-9c3d-4e5f6a7b8c9d', user: 'eve', until: 1_764_500_000_000 },
    result: { cv: 9, duplicate: false },
  },
  async run(call, { room, id, user, until }, chat) {
    demandOther(call, user);
    if (until > 0) demandFuture('until', until, chat.clocks.wallClock());
    const decide = (view: RoomView) => {
      view.demand('mute');
      if (view.rules.access === 'Members') view.demandMember(user);
      view.demand('mute', user);
      const { mutedUntil = 0 } = view.known(user) ?? {};
      if (until > 0 && mutedUntil <= view.now) demandMutePlace(view);
      return mutedUntil === until ? null : ({ act: 'mute', user, until } as const);
    };
    return versionOf(await commit(call, chat, { room, id, users: [user], decide }));
  },
});
