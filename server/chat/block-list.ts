import { about, list, object, optional, text } from './params.ts';
import { listLimit, MOST_LISTED } from './people.ts';
import { userId } from './room-params.ts';
import { verb } from './verb.ts';

export const blockList = verb({
  summary: 'Lists the users whom the caller blocks, by id.',
  details: [
    'The list comes from MongoDB, where a worker writes an act within seconds: a client applies the entries of its inbox to it. While',
    'MongoDB is away it answers 100.',
  ].join('\n'),
  params: {
    limit: listLimit,
    cursor: about(optional(userId), '`cursor` of the page before.'),
  },
  may: null,
  result: {
    items: about(list(object({ user: about(userId, 'User.') }), MOST_LISTED), 'Users.'),
    cursor: about(optional(text({ min: 1 })), 'Missing at the end of the list.'),
  },
  example: { params: { limit: 1 }, result: { items: [{ user: 'eve' }], cursor: 'eve' } },
  async run(call, { limit = MOST_LISTED, cursor = '' }, chat) {
    call.placed();
    const page = { after: cursor, limit: limit + 1 };
    const users = await chat.contacts.listContacts(call.identity.user, 'blocked', page);
    const last = users.length > limit ? users[limit - 1] : undefined;
    return { items: users.slice(0, limit).map(user => ({ user })), ...(last ? { cursor: last } : {}) };
  },
});
