import { OPTIONS } from '../contract/options.ts';
import { DIRECT_KIND } from '../fold/direct.ts';
import { relationOf } from '../fold/pair.ts';
import { directRoom } from '../membership/direct-room.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Chat } from './chat.ts';
import { commit } from './commit.ts';
import { demandBlocksKept } from './kept.ts';
import { about, roomName, uuid7 } from './params.ts';
import { BLOCKED_BY_CALLER, demandUnblocked, REFUSED_BY_USER, refusedByUser } from './people.ts';
import { unwilling } from './privacy.ts';
import { demandOther, userId } from './room-params.ts';
import { type RoomView, rulesFor } from './room-view.ts';
import { demandPlaceOf, isFlooded, withoutPlace } from './rooms-of-user.ts';
import { verb } from './verb.ts';

export const dmOpen = verb({
  summary: 'Opens the room of the caller and another user.',
  details: [
    'Two users have one room, whoever of them opens it, and however often: each call answers its name. Both are members with the rank',
    '`member`, and neither leaves. The other user learns of the room with the first message.',
    'A room with a user who is not a friend counts for `CHAT_DIRECT_ROOMS_PER_DAY`, unless it is there.',
    '',
    'The server has no list of users: a room with an id that nobody has stays empty.',
  ].join('\n'),
  params: {
    id: about(uuid7, 'Id of the act.'),
    user: about(userId, 'The other user.'),
  },
  may: null,
  result: { room: about(roomName, 'Name of the room.') },
  errors: [
    REFUSED_BY_USER,
    BLOCKED_BY_CALLER,
    { error: ERRORS.badRequest, when: 'The other user is the caller.' },
    { error: ERRORS.limitExceeded, when: 'Above `CHAT_DIRECT_ROOMS_PER_DAY`, until the next day (UTC).' },
    {
      error: ERRORS.limitExceeded,
      when: 'One of the two has 2,000 rooms, or strangers have opened as many with the other one and written nothing.',
    },
    { error: ERRORS.notAvailable, when: 'The platform has declared the kind `dm` with another access than `Members`.' },
  ],
  example: {
    params: { id: '0190f3a3-0a00-7a11-8b2c-3d4e5f6a7b8c', user: 'bob' },
    result: { room: 'dm:O9m36lrYPsGb0-mbmFsIZd' },
  },
  async run(call, { id, user: other }, chat) {
    demandOther(call, other);
    const { user } = call.identity;
    const room = directRoom(user, other);
    if (rulesFor(chat, room).access !== 'Members')
      throw new CommandError(ERRORS.notAvailable, `rooms of kind ${DIRECT_KIND} are not those of two users here`);
    const relation = relationOf(await chat.pairs.fresh(user, other), user, other);
    demandUnblocked(relation);
    if (relation.blocked) throw refusedByUser();
    if ((await chat.rooms.fresh(room)).cv > 0) return { room };
    if ((await unwilling(chat, call, [other], 'dm')).has(other)) throw refusedByUser();
    await demandBlocksKept(chat); // after both refusals, so that nothing tells them apart
    const isStranger = relation.state !== 'friend';
    if (isStranger) await countStranger(chat, user);
    const users = [user, other];
    const places = await withoutPlace(chat, room, users);
    const full = isStranger && (await isFlooded(chat, other)) ? new Set([...places, other]) : places;
    const members = users.map(each => ({ user: each, rank: 'member' }) as const);
    const decide = ({ state }: RoomView) => {
      if (state.cv > 0) return null;
      demandPlaceOf(users, full);
      return { act: 'create', kind: DIRECT_KIND, open: false, members } as const;
    };
    await commit(call, chat, { room, id, decide });
    return { room };
  },
});

/**
 * Counts a new room with a user who is not a friend.
 * @throws {CommandError} 106, which is not temporary: clients try those again within seconds
 */
async function countStranger({ daily, config }: Chat, user: string): Promise<void> {
  const { directRoomsPerDay: most } = config;
  if (await daily.take(user, 'dms', most)) return;
  const { env } = OPTIONS.directRoomsPerDay;
  throw new CommandError(
    ERRORS.limitExceeded,
    `at most ${most} new rooms a day with users who are not friends (${env})`,
  );
}
