import { hasPlace } from '../access/rights.ts';
import type { Standing } from '../fold/room-state.ts';
import { ERRORS } from '../protocol/codes.ts';
import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { about, byUser, oneOf } from './params.ts';
import { unwilling } from './privacy.ts';
import { ACT, demandPlaces, MOST_PENDING, usersParam } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { refusedBefore, withoutPlace } from './rooms-of-user.ts';
import { verb } from './verb.ts';

export const roomInvite = verb({
  summary: 'Invites users to a room. They become members when they accept.',
  details: [
    'A user who has asked to join becomes a member at once. A banned user, one with 2,000 rooms, and one whose setting `invite` does not',
    'allow it, is refused; so is one whom the caller blocks or is blocked by. Who has asked to join, or is invited, is not asked again.',
  ].join('\n'),
  params: { ...ACT, users: usersParam },
  may: null,
  who: 'members of the rank that the kind names in `invite`, and above',
  result: {
    users: about(byUser(oneOf('invited', 'member', 'refused')), 'Outcome for each user.'),
    ...VERSION,
  },
  errors: [
    ...COMMIT_ERRORS,
    {
      error: ERRORS.limitExceeded,
      when: `More than ${MOST_PENDING} invitations and requests would wait, or the room has no place for those who have asked.`,
    },
  ],
  example: {
    params: { room: 'group:tea', id: '0190f3a3-ba00-7b22-9c3d-4e5f6a7b8c9d', users: ['dan'] },
    result: { users: { dan: 'invited' }, cv: 12, duplicate: false },
  },
  async run(call, { room, id, users }, chat) {
    const full = await withoutPlace(chat, room, users);
    const shy = await unwilling(chat, call, users, 'invite');
    let outcomes: Readonly<Record<string, Outcome>> = {};
    const decide = (view: RoomView) => {
      view.demand('invite');
      const isShy = (user: string) => shy.has(user) && !hasPlace({ known: view.known(user) });
      const refuses = (user: string) => view.isBanned(user) || full.has(user) || isShy(user);
      outcomes = Object.fromEntries(users.map(user => [user, outcomeOf(view.known(user)?.state, refuses(user))]));
      const of = (standing: Standing | undefined) =>
        [...new Set(users)].filter(user => outcomes[user] !== 'refused' && view.known(user)?.state === standing);
      const approved = of('requested');
      const invited = [...of(undefined), ...of('left'), ...of('banned')];
      demandPlaces(view, ['invited', 'requested'], invited.length - approved.length, MOST_PENDING);
      view.demandPlaceFor(approved.length);
      if (invited.length + approved.length === 0) return null;
      return { act: 'invite', users: invited, ...(approved.length > 0 ? { approved } : {}) } as const;
    };
    const done = await commit(call, chat, { room, id, users, decide });
    const known = (user: string) => done.state.members.get(user)?.state;
    if (done.duplicate) {
      const unable = [...full, ...[...shy].filter(user => known(user) !== 'invited')];
      const refused = refusedBefore(done.state, users, new Set(unable));
      outcomes = Object.fromEntries(users.map(user => [user, outcomeOf(known(user), refused.includes(user))]));
    }
    return { users: outcomes, ...versionOf(done) };
  },
});

type Outcome = 'invited' | 'member' | 'refused';

function outcomeOf(state: Standing | undefined, isRefused: boolean): Outcome {
  if (isRefused) return 'refused';
  return state === 'member' || state === 'requested' ? 'member' : 'invited';
}
