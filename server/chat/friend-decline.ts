import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { contactAct } from './contact-act.ts';
import { CONTACT, ON_PERSON } from './people.ts';
import { verb } from './verb.ts';

export const friendDecline = verb({
  summary: 'Declines a friend request. The user who asked is not told, and still sees a request that waits.',
  params: ON_PERSON,
  may: null,
  result: CONTACT,
  errors: [{ error: ERRORS.conflict, when: 'The user is a friend already: `friend.remove` ends that.' }],
  example: {
    params: { id: '0190f3a5-2a00-7b22-9c3d-4e5f6a7b8c9d', user: 'eve' },
    result: { state: 'none', blocked: false, duplicate: false },
  },
  async run(call, { id, user }, chat) {
    return await contactAct(call, chat, {
      id,
      user,
      decide({ own: { state } }) {
        if (state === 'friend') throw new CommandError(ERRORS.conflict, 'the user is a friend already');
        return state === 'in' ? 'decline' : null;
      },
    });
  },
});
