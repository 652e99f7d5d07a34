import { MOST_WATCHED } from '../presence/user-states.ts';
import { about, list } from './params.ts';
import { userId } from './room-params.ts';
import { verb } from './verb.ts';

export const presenceUnwatch = verb({
  summary: 'Ends what `presence.watch` began, for some users. Those who are not watched make no difference.',
  params: { users: about(list(userId, MOST_WATCHED, 1), 'Users.') },
  may: null,
  result: {},
  example: { params: { users: ['eve'] }, result: {} },
  async run(call, { users }, chat) {
    call.placed();
    chat.states.unwatch(call.identity.user, call.client, users);
    return {};
  },
});
