import { contactAct } from './contact-act.ts';
import { CONTACT, ON_PERSON } from './people.ts';
import { verb } from './verb.ts';

export const friendRemove = verb({
  summary: 'Ends a friendship, takes back a friend request, or declines one.',
  details: 'The user is told of the first two, and not of a request that is declined.',
  params: ON_PERSON,
  may: null,
  result: CONTACT,
  example: {
    params: { id: '0190f3a5-3a00-7b22-9c3d-4e5f6a7b8c9d', user: 'bob' },
    result: { state: 'none', blocked: false, duplicate: false },
  },
  async run(call, { id, user }, chat) {
    return await contactAct(call, chat, {
      id,
      user,
      decide({ own: { state } }) {
        if (state === 'none') return null;
        return state === 'in' ? 'decline' : 'remove';
      },
    });
  },
});
