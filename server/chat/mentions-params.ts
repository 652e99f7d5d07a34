import { demand, type RoomAccess } from '../access/room-access.ts';
import { type Mentions, MOST_MENTIONS } from '../fold/mentions.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Chat } from './chat.ts';
import { about, bool, list, optional, type Param, type ValuesOf } from './params.ts';
import { userId } from './room-params.ts';

const users = list(userId, MOST_MENTIONS);

/** Users of a text, each once. */
const distinctUsers: Param<readonly string[]> = {
  ...users,
  read(value, field) {
    const given = users.read(value, field);
    const twice = given.findIndex((user, index) => given.indexOf(user) < index);
    if (twice >= 0)
      throw new CommandError(ERRORS.badRequest, `${field}[${twice}] must be a user who is not in the list before`);
    return given;
  },
  schema: { ...users.schema, uniqueItems: true },
  rules: `${users.rules}, each once`,
};

/** Parameters of a text that mentions users. */
export const MENTIONS = {
  mentions: about(
    optional(distinctUsers),
    'Users whom the text mentions. Members among them who may read the message are told, once for each message.',
  ),
  all: about(
    optional(bool),
    '`true` if the text mentions everybody in the room. For the rank moderator and above, in rooms with at most `sizes.mentionAll` members.',
  ),
};

/** Errors of verbs with {@link MENTIONS}. */
export const MENTIONS_ERRORS = [
  { error: ERRORS.permissionDenied, when: '`all` by a user below the rank moderator.' },
  { error: ERRORS.limitExceeded, when: '`all` in a room with more than `sizes.mentionAll` members, 1,000 by default.' },
];

/** Mentions that were given, as a body has them. */
export const givenMentions = ({ mentions = [], all }: ValuesOf<typeof MENTIONS>): Mentions => ({
  ...(mentions.length > 0 ? { mentions } : {}),
  ...(all === true ? { all } : {}),
});

/**
 * Refuses a mention of everybody where the caller may not make one. Call it in the check of an act: one that was stored stays stored.
 * @throws {CommandError} 103, 106
 * @throws {ReadFailed} {@link StoreUnavailable} if the rights or the members cannot be read now
 */
export async function demandMentions(
  { audience, kindOf }: Pick<Chat, 'audience' | 'kindOf'>,
  { room, access }: { readonly room: string; readonly access: RoomAccess | null },
  { all }: Mentions,
): Promise<void> {
  if (!all || !access) return;
  await demand(access, 'mentionAll');
  if ((await audience.users(room, 'mentionAll')) !== null) return;
  const most = kindOf(room)?.sizes.mentionAll ?? 0;
  const kind = room.slice(0, room.indexOf(':'));
  const text = `all is for rooms with at most ${most} members (sizes.mentionAll of the kind ${kind})`;
  throw new CommandError(ERRORS.limitExceeded, text);
}
