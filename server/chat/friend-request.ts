import { ERRORS } from '../protocol/codes.ts';
import { contactAct } from './contact-act.ts';
import {
  BLOCKED_BY_CALLER,
  CONTACT,
  demandUnblocked,
  FULL_OF_FRIENDS,
  ON_PERSON,
  REFUSED_BY_USER,
  refusedByUser,
  requestNote,
} from './people.ts';
import { unwilling } from './privacy.ts';
import { verb } from './verb.ts';

export const friendRequest = verb({
  summary: 'Asks a user to be a friend, or accepts if the user has asked.',
  details: [
    'Two who ask each other at the same time are friends. A request that waits is not made again: `friend.remove` takes it back. One that',
    'was declined looks like one that waits. A user whose setting `request` is `nobody` is not asked.',
  ].join('\n'),
  params: { ...ON_PERSON, note: requestNote },
  may: null,
  result: CONTACT,
  errors: [
    REFUSED_BY_USER,
    BLOCKED_BY_CALLER,
    FULL_OF_FRIENDS,
    { error: ERRORS.limitExceeded, when: 'Above `CHAT_FRIEND_REQUESTS_PER_DAY`, until the next day (UTC).' },
  ],
  example: {
    params: { id: '0190f3a5-0a00-7b22-9c3d-4e5f6a7b8c9d', user: 'bob', note: 'We met at the tea house' },
    result: { state: 'out', blocked: false, duplicate: false },
  },
  async run(call, { id, user, note }, chat) {
    const shy = await unwilling(chat, call, [user], 'request');
    return await contactAct(call, chat, {
      id,
      user,
      note,
      decide({ own, theirs }) {
        demandUnblocked(own);
        if (own.state === 'friend' || own.state === 'out') return null;
        if (own.blocked) throw refusedByUser();
        if (theirs.state === 'out') return 'accept';
        if (shy.has(user)) throw refusedByUser();
        return 'request';
      },
    });
  },
});
