import { isUser, MAX_USER_BYTES, USER_RULE } from '../access/names.ts';
import { RANKS, type RoomTexts } from '../fold/control.ts';
import type { Standing } from '../fold/room-state.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Author } from './messages.ts';
import {
  about,
  int,
  line,
  list,
  oneOf,
  optional,
  type Param,
  roomName,
  text,
  uuid7,
  type ValuesOf,
  webAddress,
} from './params.ts';
import type { RoomView } from './room-view.ts';

/** Users that one call is about: their entry stays far below the size of a message. */
export const MOST_USERS = 100;
/** Invitations and requests of a room that wait, which its state has to carry. */
export const MOST_PENDING = 500;
/** Banned users of a room, which its state has to carry. */
export const MOST_BANNED = 1_000;
/** Muted users of a room, which its state has to carry until the mutes end. */
export const MOST_MUTED = 1_000;
/** Members of a room with a rank above `member`, which its state has to carry. */
export const MOST_STAFF = 200;

/** Id of a user. */
export const userId: Param<string> = {
  read(value, field) {
    if (!isUser(value)) throw new CommandError(ERRORS.badRequest, `${field} ${USER_RULE}`);
    return value;
  },
  schema: { type: 'string', minLength: 1, maxLength: MAX_USER_BYTES },
  rules: `id of a user, at most ${MAX_USER_BYTES} bytes of UTF-8`,
};

/** Parameters of every verb that makes a version of a room. */
export const ACT = { room: roomName, id: about(uuid7, 'Id of the act, unique for its user and room.') };

/** Parameter of an act on one user. */
export const ON_USER = { ...ACT, user: about(userId, 'User whom the act is on.') };

/** Parameter of an act on some users. */
export const usersParam = about(list(userId, MOST_USERS, 1), 'Users whom the act is on.');

/** Rank of a member. */
export const rankParam = oneOf(...RANKS);

/** Time in a parameter, such as the end of a ban. */
export const timeParam = int();

/** Texts about a room. Names fit a line, topics a paragraph, and URLs what browsers take. */
export const TEXTS = {
  name: about(optional(line(100)), 'Name of the room, for people.'),
  topic: about(optional(text({ max: 500 })), 'Topic of the room.'),
  avatar: about(optional(webAddress(2_048)), 'Image of the room.'),
};

/** Texts that were given. */
export function givenTexts({ name, topic, avatar }: ValuesOf<typeof TEXTS>): RoomTexts {
  return {
    ...(name === undefined ? {} : { name }),
    ...(topic === undefined ? {} : { topic }),
    ...(avatar === undefined ? {} : { avatar }),
  };
}

/** Reasons and notes: a sentence or two. */
export const noteParam = optional(text({ max: 500 }));

/** Refuses a time that is over. @throws {CommandError} 107 */
export function demandFuture(field: string, time: number, now: number): void {
  if (time <= now) throw new CommandError(ERRORS.badRequest, `${field} must be in the future, in ms since 1970`);
}

/** Refuses more staff than a state carries. @throws {CommandError} 106 */
export function demandStaffPlaces(view: RoomView, more: number): void {
  if (more > 0 && view.staff().length + more > MOST_STAFF)
    throw new CommandError(ERRORS.limitExceeded, `a room has at most ${MOST_STAFF} members above the rank member`);
}

/** Refuses more users in one relation than a state carries. @throws {CommandError} 106 */
export function demandPlaces(view: RoomView, standings: readonly Standing[], more: number, most: number): void {
  const isOver = (until: number) => until > 0 && until <= view.now;
  const taken = [...view.state.members.values()].filter(
    ({ state, bannedUntil }) => standings.includes(state) && !isOver(bannedUntil),
  ).length;
  if (more > 0 && taken + more > most)
    throw new CommandError(ERRORS.limitExceeded, `a room has at most ${most} users who are ${standings.join(' or ')}`);
}

/** Refuses more mutes than a state carries. @throws {CommandError} 106 */
export function demandMutePlace(view: RoomView): void {
  const muted = [...view.state.members.values()].filter(({ mutedUntil }) => mutedUntil > view.now).length;
  if (muted >= MOST_MUTED)
    throw new CommandError(ERRORS.limitExceeded, `a room has at most ${MOST_MUTED} users who are muted`);
}

/** Refuses an act on the caller. @throws {CommandError} 107 */
export function demandOther({ identity }: Author, user: string): void {
  if (user === identity.user) throw new CommandError(ERRORS.badRequest, 'user must be another user than the caller');
}
