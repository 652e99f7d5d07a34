import type { RankedUser } from '../fold/control.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { commit, VERSION, versionOf } from './commit.ts';
import { about, byUser, list, oneOf, optional, roomName, text, uuid7 } from './params.ts';
import { unwilling } from './privacy.ts';
import { givenTexts, MOST_USERS, TEXTS, userId } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { demandPlaceOf, withoutPlace } from './rooms-of-user.ts';
import { verb } from './verb.ts';

export const roomCreate = verb({
  summary: 'Makes a room, with the caller as its owner.',
  details: [
    'The name of the room follows from the kind and the id, so a repeat answers the same room. A user with 2,000 rooms, or whose',
    'setting `add` does not allow it, is refused, and does not become a member: `room.invite` may do. So is one whom the caller blocks or',
    'is blocked by.',
  ].join('\n'),
  params: {
    id: about(uuid7, 'Id of the room.'),
    kind: about(text({ min: 1, max: 63 }), 'Kind of the room.'),
    ...TEXTS,
    members: about(optional(list(userId, MOST_USERS)), 'Users who are members from the start, beside the caller.'),
  },
  may: null,
  who: 'every signed-in user, in kinds with `create: Anyone`',
  result: {
    room: about(roomName, 'Name of the room.'),
    users: about(byUser(oneOf('added', 'refused')), 'Outcome for each user of `members`.'),
    ...VERSION,
  },
  errors: [
    { error: ERRORS.unknownChannel, when: 'No kind of room has this name.' },
    { error: ERRORS.permissionDenied, when: 'The kind has `create: Nobody`: no user makes rooms of it.' },
    { error: ERRORS.limitExceeded, when: 'More members than the kind allows, or the caller has 2,000 rooms.' },
    { error: ERRORS.conflict, when: 'Another user has made a room with this id.' },
  ],
  example: {
    params: { id: '0190f3a3-0a00-7a11-8b2c-3d4e5f6a7b8c', kind: 'group', name: 'Tea', members: ['bob'] },
    result: {
      room: 'group:0190f3a3-0a00-7a11-8b2c-3d4e5f6a7b8c',
      users: { bob: 'added' },
      cv: 1,
      duplicate: false,
    },
  },
  async run(call, { id, kind, members = [], ...texts }, chat) {
    const room = `${kind}:${id}`;
    const rules = chat.kinds().get(kind);
    if (!rules) throw new CommandError(ERRORS.unknownChannel, `unknown kind ${kind}`);
    if (rules.create === 'Nobody')
      throw new CommandError(ERRORS.permissionDenied, `permission denied: users make no rooms of kind ${kind}`);
    const { user: owner } = call.identity;
    const others = [...new Set(members)].filter(user => user !== owner);
    const open = rules.access !== 'Members';
    const full = await withoutPlace(chat, room, [owner, ...others]);
    const shy = await unwilling(chat, call, others, 'add');
    const refused = new Set([...full, ...shy]);
    const added = others.filter(user => !refused.has(user));
    const ranked: RankedUser[] = [
      { user: owner, rank: 'owner' },
      ...added.map(user => ({ user, rank: 'member' }) as const),
    ];
    const decide = (view: RoomView) => {
      if (view.state.cv > 0) throw new CommandError(ERRORS.conflict, 'the id is that of another room');
      demandPlaceOf([owner], full);
      view.demandPlaceFor(ranked.length);
      return { act: 'create', kind, open, ...givenTexts(texts), members: ranked } as const;
    };
    const done = await commit(call, chat, { room, id, decide });
    const outcome = members.map(user => [user, refused.has(user) ? 'refused' : 'added'] as const);
    return { room, users: Object.fromEntries(outcome), ...versionOf(done) };
  },
});
