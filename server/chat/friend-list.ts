import type { Listed } from '../membership/contacts.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { about, list, object, oneOf, optional, text } from './params.ts';
import { listLimit, MOST_LISTED } from './people.ts';
import { userId } from './room-params.ts';
import { verb } from './verb.ts';

/** Lists in their order. */
const STATES = ['friend', 'in', 'out'] as const satisfies readonly Listed[];
type State = (typeof STATES)[number];

const FRIEND = {
  user: about(userId, 'User.'),
  state: about(oneOf(...STATES), '`in` if the user asked, `out` if the caller did.'),
};

export const friendList = verb({
  summary: 'Lists friends, then those who asked the caller, then those whom the caller asked, each by id.',
  details: [
    'The list comes from MongoDB, where a worker writes an act within seconds: a client applies the entries of its inbox to it. A request',
    'that was declined stays `out`. While MongoDB is away it answers 100.',
  ].join('\n'),
  params: {
    state: about(optional(oneOf(...STATES)), 'Only these. Default: all.'),
    limit: listLimit,
    cursor: about(optional(text({ min: 1, max: 300 })), '`cursor` of the page before.'),
  },
  may: null,
  result: {
    items: about(list(object(FRIEND), MOST_LISTED), 'Users.'),
    cursor: about(optional(text({ min: 1 })), 'Missing at the end of the list.'),
  },
  example: {
    params: { limit: 2 },
    result: {
      items: [
        { user: 'bob', state: 'friend' },
        { user: 'eve', state: 'in' },
      ],
      cursor: 'in eve',
    },
  },
  async run(call, { state, limit = MOST_LISTED, cursor }, chat) {
    call.placed();
    const from = cursor === undefined ? { state: STATES[0], user: '' } : readCursor(cursor);
    const { user } = call.identity;
    const items: { readonly user: string; readonly state: State }[] = [];
    for (const listed of STATES.slice(STATES.indexOf(from.state))) {
      if (state !== undefined && listed !== state) continue;
      const page = { after: listed === from.state ? from.user : '', limit: limit + 1 - items.length };
      const users = await chat.contacts.listContacts(user, listed, page);
      items.push(...users.map(each => ({ user: each, state: listed })));
      if (items.length > limit) break;
    }
    const last = items.length > limit ? items[limit - 1] : undefined;
    return { items: items.slice(0, limit), ...(last ? { cursor: `${last.state} ${last.user}` } : {}) };
  },
});

function readCursor(cursor: string): { readonly state: State; readonly user: string } {
  const [word = ''] = cursor.split(' ', 1);
  const state = STATES.find(each => each === word);
  if (!state || cursor === word) throw new CommandError(ERRORS.badRequest, 'cursor must be one of this list');
  return { state, user: cursor.slice(word.length + 1) };
}
