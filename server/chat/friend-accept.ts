import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { contactAct } from './contact-act.ts';
import { BLOCKED_BY_CALLER, CONTACT, demandUnblocked, FULL_OF_FRIENDS, ON_PERSON } from './people.ts';
import { verb } from './verb.ts';

export const friendAccept = verb({
  summary: 'Accepts a friend request, also one that was declined.',
  params: ON_PERSON,
  may: null,
  result: CONTACT,
  errors: [
    BLOCKED_BY_CALLER,
    FULL_OF_FRIENDS,
    { error: ERRORS.notFound, when: 'The user has not asked, or does not ask any more.' },
  ],
  example: {
    params: { id: '0190f3a5-1a00-7b22-9c3d-4e5f6a7b8c9d', user: 'alice' },
    result: { state: 'friend', blocked: false, duplicate: false },
  },
  async run(call, { id, user }, chat) {
    return await contactAct(call, chat, {
      id,
      user,
      decide({ own, theirs }) {
        demandUnblocked(own);
        if (own.state === 'friend') return null;
        // A block takes the request back: all that is told is that there is none.
        if (theirs.state !== 'out' || own.blocked)
          throw new CommandError(ERRORS.notFound, 'there is no friend request of this user');
        return 'accept';
      },
    });
  },
});
