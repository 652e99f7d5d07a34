import { ERRORS } from '../protocol/codes.ts';
import { contactAct } from './contact-act.ts';
import { keepApart } from './keep-apart.ts';
import { CONTACT, ON_PERSON } from './people.ts';
import { verb } from './verb.ts';

export const blockAdd = verb({
  summary: 'Blocks a user. It ends the friendship, and requests of both.',
  details: [
    'The user is not told. One who was a friend, or had a request of the caller, is told that it ended; the own request of the user',
    'looks as if it waited. In the [room of the two](rooms.md#rooms-of-two-users) neither writes any more. What the user may not do',
    'answers as a privacy setting does. While gateways of the release before are there, it answers 100.',
  ].join('\n'),
  params: ON_PERSON,
  may: null,
  result: CONTACT,
  errors: [{ error: ERRORS.limitExceeded, when: 'The caller blocks `CHAT_MAX_BLOCKS` users.' }],
  example: {
    params: { id: '0190f3a5-4a00-7b22-9c3d-4e5f6a7b8c9d', user: 'eve' },
    result: { state: 'none', blocked: true, duplicate: false },
  },
  async run(call, { id, user }, chat) {
    const done = await contactAct(call, chat, { id, user, decide: ({ own }) => (own.blocks ? null : 'block') });
    await keepApart(call, chat, user);
    return done;
  },
});
