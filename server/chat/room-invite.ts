import type { Standing } from '../fold/room-state.ts';
import { ERRORS } from '../protocol/codes.ts';
import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { about, byUser, oneOf } from './params.ts';
import { ACT, demandPlaces, MOST_PENDING, usersParam } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { withoutPlace } from './rooms-of-user.ts';
import { verb } from './verb.ts';

export const roomInvite = verb({
  summary: 'Invites users to a room. They become members when they accept.',
  details:
    'A user who has asked to join keeps the request: approve it instead. A banned user, and one with 2,000 rooms, is refused.',
  params: { ...ACT, users: usersParam },
  may: null,
  who: 'members of the rank that the kind names in `invite`, and above',
  result: {
    users: about(byUser(oneOf('invited', 'member', 'requested', 'refused')), 'Outcome for each user.'),
    ...VERSION,
  },
  errors: [
    ...COMMIT_ERRORS,
    { error: ERRORS.limitExceeded, when: `More than ${MOST_PENDING} invitations and requests would wait.` },
  ],
  example: {
    params: { room: 'group:tea', id: '0190f3a3-ba00-7b22-9c3d-4e5f6a7b8c9d', users: ['dan'] },
    result: { users: { dan: 'invited' }, cv: 12, duplicate: false },
  },
  async run(call, { room, id, users }, chat) {
    const full = await withoutPlace(chat, users);
    let outcomes: Readonly<Record<string, Outcome>> = {};
    const decide = (view: RoomView) => {
      view.demand('invite');
      const refuses = (user: string) => view.isBanned(user) || (full.has(user) && view.known(user) === null);
      outcomes = Object.fromEntries(users.map(user => [user, outcomeOf(view.known(user)?.state, refuses(user))]));
      const invited = [...new Set(users)].filter(
        user => outcomes[user] === 'invited' && view.known(user)?.state !== 'invited',
      );
      demandPlaces(view, ['invited', 'requested'], invited.length, MOST_PENDING);
      return invited.length === 0 ? null : ({ act: 'invite', users: invited } as const);
    };
    const done = await commit(call, chat, { room, id, users, decide });
    const known = (user: string) => done.state.members.get(user)?.state;
    const refused = (user: string) => known(user) === 'banned' || (full.has(user) && known(user) === undefined);
    if (done.duplicate) outcomes = Object.fromEntries(users.map(user => [user, outcomeOf(known(user), refused(user))]));
    return { users: outcomes, ...versionOf(done) };
  },
});

type Outcome = 'invited' | 'member' | 'requested' | 'refused';

function outcomeOf(state: Standing | undefined, isRefused: boolean): Outcome {
  if (isRefused) return 'refused';
  return state === 'member' || state === 'requested' ? state : 'invited';
}
