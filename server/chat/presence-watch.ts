import { MOST_WATCHED } from '../presence/user-states.ts';
import { ERRORS } from '../protocol/codes.ts';
import { about, int, list, object, oneOf, optional } from './params.ts';
import { userId } from './room-params.ts';
import { verb } from './verb.ts';

const STATE = oneOf('active', 'away', 'offline');

const SHOWN = {
  user: about(userId, 'User.'),
  state: about(STATE, '`away`: connected, and on no device in front of the user.'),
  lastSeen: about(
    optional(int({ min: 1 })),
    'Milliseconds since 1970, a whole minute: the end of the last connection of a user who is offline. Missing if it is not known.',
  ),
};

export const presenceWatch = verb({
  summary: 'Tells whether users are online, and lets the connection know each change.',
  details: [
    'A state is that over all devices of the user, see [Presence](people.md#presence). Changes are [pushed](protocol.md#ephemeral-events)',
    'until `presence.unwatch` or the end of the connection: watch again after each connect. A friend, the other user of a room of two and a',
    'member of a room of at most 100 may see the state, if the setting `presence` of the user allows it. Everybody else is answered',
    '`offline`, as for a user who does not exist.',
  ].join('\n'),
  params: { users: about(list(userId, MOST_WATCHED, 1), 'Users, in addition to those watched before.') },
  may: null,
  result: { states: about(list(object(SHOWN), MOST_WATCHED), 'States in the order of `users`.') },
  errors: [{ error: ERRORS.limitExceeded, when: `The connection would watch more than ${MOST_WATCHED} users.` }],
  example: {
    params: { users: ['bob', 'eve'] },
    result: {
      states: [
        { user: 'bob', state: 'active' },
        { user: 'eve', state: 'offline' },
      ],
    },
  },
  async run(call, { users }, chat) {
    call.placed();
    return { states: await chat.states.watch(call.identity.user, call.client, users) };
  },
});
