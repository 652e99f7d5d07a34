import { askedWords } from '../fold/search-words.ts';
import type { FoundUser, UserPage } from '../membership/user-archive.ts';
import type { Chat } from './chat.ts';
import { about, int, list, object, optional, text } from './params.ts';
import { PROFILE, shownProfile } from './profile-params.ts';
import { userId } from './room-params.ts';
import { MOST_CURSOR } from './sealed-cursors.ts';
import { verb } from './verb.ts';

/** Users by name of one answer: what fits a screen. */
const MOST_FOUND = 20;
/** Reads of one call. More than one is needed only for a caller whom many of the users found block. */
const MOST_READS = 5;

const FOUND = { user: about(userId, 'User.'), name: PROFILE.name, avatar: PROFILE.avatar };

export const userSearch = verb({
  summary: 'Finds users by their names, or one by the exact id.',
  details: [
    'A user is found if each word of `q` begins a word of the name, in whatever case, width and order, with accents or without; in Chinese,',
    'Japanese and Korean also by any part of the name. `q` needs a word of two letters, or one character of these scripts. The user',
    'whose id is `q` comes first. Where the platform has `spec.users.search: Exact`, that is the only one. Only users who have set a',
    'profile, a status or a setting are found, seconds after that; those who block the caller are not.',
  ].join('\n'),
  params: {
    q: about(text({ min: 1, max: 100 }), 'Words to look for.'),
    limit: about(optional(int({ min: 1, max: MOST_FOUND })), `Most users by name. Default: ${MOST_FOUND}.`),
    cursor: about(optional(text({ min: 1, max: MOST_CURSOR })), '`cursor` of the page before, for the same `q`.'),
  },
  may: null,
  result: {
    users: about(list(object(FOUND), MOST_FOUND + 1), 'The user with the id, then those by name, by id.'),
    cursor: about(optional(text({ min: 1 })), 'Missing at the end of the list.'),
  },
  example: {
    params: { q: 'ann t' },
    result: { users: [{ user: 'u-17', name: 'Ann Tea', avatar: 'https://example.org/ann.png' }] },
  },
  async run(call, { q, limit = MOST_FOUND, cursor }, chat) {
    call.placed();
    const { user: caller } = call.identity;
    const words = chat.config.userSearch === 'Exact' ? null : askedWords(q);
    const list = ['user.search', caller, q];
    const after = cursor === undefined ? '' : chat.cursors.open(list, cursor);
    const first = cursor === undefined ? await exactly(chat, caller, q) : [];
    const named = words ? await byName(chat, caller, { words, after, limit }, q) : { found: [] };
    const users = [...first, ...named.found].map(shown);
    return { users, ...(named.after === undefined ? {} : { cursor: chat.cursors.seal(list, named.after) }) };
  },
});

interface Named {
  readonly found: readonly FoundUser[];
  /** User after whom the list goes on, perhaps one whom the caller may not see; missing at its end. */
  readonly after?: string;
}

/** Users by their names, without those who block the caller and the one who comes first. */
async function byName(
  chat: Chat,
  caller: string,
  { words, after: from, limit }: UserPage,
  first: string,
): Promise<Named> {
  const found: FoundUser[] = [];
  let after = from;
  for (let read = 0; read < MOST_READS; read++) {
    const page = await chat.users.search({ words, after, limit: limit + 1 });
    const others = page.filter(({ user }) => user !== first);
    for (const each of await visibleTo(chat, caller, others)) {
      if (found.length === limit) return { found, after };
      found.push(each);
      after = each.user;
    }
    if (page.length <= limit) return { found };
    after = page.at(-1)?.user ?? after;
  }
  return { found, after };
}

/** The user with an id, if it is in the collection and may be shown. */
async function exactly(chat: Chat, caller: string, user: string): Promise<FoundUser[]> {
  const stored = (await chat.users.profilesOf([user])).get(user);
  return stored ? await visibleTo(chat, caller, [{ user, profile: stored.profile }]) : [];
}

/** Leaves out users who block the caller. */
async function visibleTo({ pairs }: Chat, caller: string, found: readonly FoundUser[]): Promise<FoundUser[]> {
  const others = found.map(({ user }) => user).filter(user => user !== caller);
  const relations = others.length > 0 ? await pairs.of(caller, others) : new Map();
  return found.filter(({ user }) => relations.get(user)?.blocked !== true);
}

function shown({ user, profile: { name, avatar } }: FoundUser) {
  return { user, ...shownProfile({ name, avatar, about: '', fields: [] }) };
}
