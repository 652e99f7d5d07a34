import { about, oneOf } from './params.ts';
import { verb } from './verb.ts';

/** States of a client. */
const STATE = oneOf('active', 'background');

export const clientState = verb({
  summary: "Says whether the connection's client is in front of its user.",
  details: [
    'In the background a connection gets no [ephemeral events](protocol.md#ephemeral-events) of rooms, such as typing; messages and all else',
    'come as ever. A connection begins as active. An application says it again after each connect.',
  ].join('\n'),
  params: { state: about(STATE, '`background`: the user does not see the application.') },
  may: null,
  result: { state: about(STATE, 'State as it is now.') },
  example: { params: { state: 'background' }, result: { state: 'background' } },
  async run(call, { state }) {
    call.placed();
    call.setBackground(state === 'background');
    return { state };
  },
});
