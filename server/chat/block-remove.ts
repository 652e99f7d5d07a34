import { contactAct } from './contact-act.ts';
import { keepApart } from './keep-apart.ts';
import { CONTACT, ON_PERSON } from './people.ts';
import { verb } from './verb.ts';

export const blockRemove = verb({
  summary: 'Ends the block of a user. The friendship stays ended.',
  details: 'While gateways of the release before are there, it answers 100.',
  params: ON_PERSON,
  may: null,
  result: CONTACT,
  example: {
    params: { id: '0190f3a5-5a00-7b22-9c3d-4e5f6a7b8c9d', user: 'eve' },
    result: { state: 'none', blocked: false, duplicate: false },
  },
  async run(call, { id, user }, chat) {
    const done = await contactAct(call, chat, { id, user, decide: ({ own }) => (own.blocks ? 'unblock' : null) });
    await keepApart(call, chat, user);
    return done;
  },
});
