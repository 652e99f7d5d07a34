import { about, oneOf } from './params.ts';
import { verb } from './verb.ts';

/** States of a client. */
const STATE = oneOf('active', 'background');

export const clientState = verb({
  summary: "Says whether the connection's client is in front of its user.",
  details: [
    'In the background a connection gets no [ephemeral events](protocol.md#ephemeral-events) of rooms, such as typing; messages and all else',
    'come as ever. A user who is in the background on all devices is `away` to [those who watch](#presencewatch); what a connection in the',
    'background watches, it gets when it is active again. A connection begins as active. An application says it again after each connect.',
  ].join('\n'),
  params: { state: about(STATE, '`background`: the user does not see the application.') },
  may: null,
  result: { state: about(STATE, 'State as it is now.') },
  example: { params: { state: 'background' }, result: { state: 'background' } },
  async run(call, { state }, chat) {
    call.placed();
    call.setBackground(state === 'background');
    chat.states.turned(call.identity.user, call.client);
    chat.bumps.turned(call.identity.user, call.client);
    return { state };
  },
});
