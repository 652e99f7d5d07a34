import { isBanned } from '../access/rights.ts';
import { RANKS, type Rank } from '../fold/control.ts';
import type { Standing } from '../fold/room-state.ts';
import type { ListedMember, MemberPage, MemberPlace } from '../membership/directory.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { about, int, list, object, oneOf, optional, roomName, text } from './params.ts';
import { rankParam, userId } from './room-params.ts';
import { type RoomView, readerView } from './room-view.ts';
import { verb } from './verb.ts';

/** Members of one answer: all of a room whose state has its members. Some 80 KB. */
const MOST_MEMBERS = 1_000;

const MEMBER = {
  user: about(userId, 'User.'),
  role: about(rankParam, 'Rank.'),
  since: about(int(), 'Offset of the join; 0 if it is not known.'),
  until: about(
    optional(int()),
    'End of the ban, or of the mute of a member, milliseconds since 1970; missing without one. For callers who may end it.',
  ),
  note: about(optional(text()), 'Words of the request.'),
  reason: about(optional(text()), 'Reason of the ban.'),
};

export const roomMembers = verb({
  summary: 'Lists the members of a room, by rank and then by id.',
  details: [
    'Joins and leaves of others move nobody in the list. In rooms with at most 1,000 members of a kind with access `Members` it is',
    'exact; elsewhere it comes from MongoDB, where a worker writes an act within seconds. With `state` it lists users who are no',
    'members, exactly in every room; of requests and bans the latest 64 have their words.',
  ].join('\n'),
  params: {
    room: roomName,
    q: about(optional(text({ min: 1, max: 100 })), 'Only users whose id begins with it.'),
    role: about(optional(rankParam), 'Only members of this rank.'),
    state: about(optional(oneOf('requested', 'invited', 'banned')), 'Users in this relation instead of members.'),
    limit: about(optional(int({ min: 1, max: MOST_MEMBERS })), `Most members of the answer. Default: ${MOST_MEMBERS}.`),
    cursor: about(optional(text({ min: 1, max: 300 })), '`cursor` of the page before.'),
  },
  may: null,
  who: 'users who may read the room; with `state` moderators and above',
  result: {
    users: about(list(object(MEMBER), MOST_MEMBERS), 'Members.'),
    cursor: about(optional(text({ min: 1 })), 'Missing at the end of the list.'),
  },
  errors: [
    { error: ERRORS.permissionDenied, when: 'With `state`: the caller lacks the rank.' },
    { error: ERRORS.gone, when: 'The room is deleted.' },
  ],
  example: {
    params: { room: 'group:tea', limit: 2 },
    result: {
      users: [
        { user: 'ann', role: 'owner', since: 1042 },
        { user: 'bob', role: 'member', since: 1042 },
      ],
      cursor: 'member bob',
    },
  },
  async run(call, { room, q, role, state: wanted, limit = MOST_MEMBERS, cursor }, chat) {
    call.placed();
    const after = cursor === undefined ? null : readCursor(cursor);
    const view = await readerView(chat, call.identity, room);
    const standing: Standing = wanted ?? 'member';
    if (standing !== 'member') view.demand('approve');
    const { state, rules } = view;
    const page: MemberPage = {
      after,
      limit: limit + 1,
      ...(role === undefined ? {} : { rank: role }),
      ...(q === undefined ? {} : { prefix: q }),
    };
    // A state has everybody who is not simply a member, however large the room is.
    const inState = standing !== 'member' || (state.full && rules.access === 'Members');
    const found = inState ? usersOf(view, standing, page) : await chat.directory.listMembers(room, page);
    const users = found
      .slice(0, limit)
      .map(({ user, rank, since }) => ({ user, role: rank, since, ...detailsOf(view, standing, user) }));
    const last = found.length > limit ? users.at(-1) : undefined;
    return { users, ...(last ? { cursor: `${last.role} ${last.user}` } : {}) };
  },
});

function readCursor(cursor: string): MemberPlace {
  const [word = ''] = cursor.split(' ', 1);
  const rank = RANKS.find(rank => rank === word);
  if (!rank || cursor === word) throw new CommandError(ERRORS.badRequest, 'cursor must be one of this list');
  return { rank, user: cursor.slice(word.length + 1) };
}

/** More about a listed user, for a caller who may act on it. Pure. */
function detailsOf(view: RoomView, standing: Standing, user: string) {
  const { mutedUntil = 0, bannedUntil = 0, note } = view.state.members.get(user) ?? {};
  if (standing === 'requested') return note === undefined ? {} : { note };
  if (standing === 'banned')
    return { ...(bannedUntil > 0 ? { until: bannedUntil } : {}), ...(note === undefined ? {} : { reason: note }) };
  return mutedUntil > view.now && view.may('mute', user) === null ? { until: mutedUntil } : {};
}

/** Page of the users that a state has in one relation to the room. Pure. */
function usersOf(
  { state: { members }, now }: RoomView,
  standing: Standing,
  { after, limit, rank, prefix = '' }: MemberPage,
): ListedMember[] {
  return [...members]
    .filter(([, known]) => known.state === standing && (standing !== 'banned' || isBanned({ known }, now)))
    .map(([user, known]) => ({ user, rank: known.rank, since: known.since }))
    .filter(member => (rank === undefined || member.rank === rank) && member.user.startsWith(prefix))
    .filter(member => after === null || compare(after, member) < 0)
    .sort(compare)
    .slice(0, limit);
}

const compare = (a: MemberPlace, b: MemberPlace) =>
  digit(a.rank) - digit(b.rank) || (a.user < b.user ? -1 : +(a.user > b.user));
const digit = (rank: Rank) => RANKS.indexOf(rank);
