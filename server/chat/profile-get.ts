import type { Relation } from '../fold/pair.ts';
import type { StoredProfile } from '../membership/user-archive.ts';
import { about, list, object, optional } from './params.ts';
import { PROFILE, STATUS, shownProfile, shownStatus } from './profile-params.ts';
import { MOST_USERS, userId } from './room-params.ts';
import { verb } from './verb.ts';

const SHOWN = {
  user: about(userId, 'User.'),
  ...PROFILE,
  status: about(optional(object(STATUS)), 'Status. Missing for none, and for one that has ended.'),
};

export const profileGet = verb({
  summary: 'Reads the profiles of users.',
  details: [
    'Of a user who has no profile, and of one who does not exist, the answer has the id alone. Of a user who blocks the caller it has name',
    'and avatar alone. Profiles come from MongoDB, where a worker writes a change within seconds.',
  ].join('\n'),
  params: { users: about(list(userId, MOST_USERS, 1), 'Users to read.') },
  may: null,
  result: { users: about(list(object(SHOWN), MOST_USERS), 'Profiles in the order of the call, each user once.') },
  example: {
    params: { users: ['ann', 'nobody'] },
    result: {
      users: [
        {
          user: 'ann',
          name: 'Ann Tea',
          avatar: 'https://example.org/ann.png',
          status: { text: 'On holiday', emoji: '🌴' },
        },
        { user: 'nobody' },
      ],
    },
  },
  async run(call, { users }, chat) {
    call.placed();
    const { user: caller } = call.identity;
    const asked = [...new Set(users)];
    const [stored, relations] = await Promise.all([
      chat.users.profilesOf(asked),
      chat.pairs.of(
        caller,
        asked.filter(user => user !== caller),
      ),
    ]);
    const now = chat.clocks.wallClock();
    return { users: asked.map(user => ({ user, ...shown(stored.get(user), relations.get(user), now) })) };
  },
});

/** Part of a profile that the caller may see. Pure. */
function shown(stored: StoredProfile | undefined, relation: Relation | undefined, now: number) {
  if (!stored) return {};
  const { profile, status } = stored;
  if (relation?.blocked) return shownProfile({ ...profile, about: '', fields: [] });
  const current = shownStatus(status, now);
  return { ...shownProfile(profile), ...(current ? { status: current } : {}) };
}
