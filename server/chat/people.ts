import { BLOCKS } from '../access/rights.ts';
import type { Relation } from '../fold/pair.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { about, bool, int, oneOf, optional, text, uuid7 } from './params.ts';
import { userId } from './room-params.ts';

/** Most characters of the note of a friend request: a sentence or two. */
const MOST_NOTE = 200;

/** Users of one page: some 130 KB with the longest ids. */
export const MOST_LISTED = 500;

/** Limit of a page of users. */
export const listLimit = about(
  optional(int({ min: 1, max: MOST_LISTED })),
  `Most users of the answer. Default: ${MOST_LISTED}.`,
);

/** Errors of acts that one user may do to so many others. */
export const FULL_OF_FRIENDS = {
  error: ERRORS.limitExceeded,
  when: 'The caller has `CHAT_MAX_FRIENDS` friends and own requests.',
};

/** Parameters of every act on another user. */
export const ON_PERSON = {
  id: about(uuid7, 'Id of the act, unique for its user.'),
  user: about(userId, 'User whom the act is on.'),
};

/** Note of a friend request. */
export const requestNote = about(optional(text({ max: MOST_NOTE })), 'Words to the user.');

/** Relation of the caller to another user. */
export const RELATION = {
  state: about(
    oneOf('friend', 'out', 'in', 'none'),
    'Friendship: `out` if the caller asked, `in` if the user asked. A request that was declined stays `out`.',
  ),
  blocked: about(bool, 'True if the caller blocks the user.'),
};

/** Result of every act on another user. */
export const CONTACT = { ...RELATION, duplicate: about(bool, 'True if the act was done before.') };

/** Refusal because of what the other user wants: of a block and of a privacy setting alike, so that no one is told of a block. */
export const REFUSED_BY_USER = {
  error: ERRORS.permissionDenied,
  when: 'The user does not allow it. Why is not told.',
};

/** Refusal of an act on a user whom the caller blocks. */
export const BLOCKED_BY_CALLER = { error: ERRORS.conflict, when: 'The caller blocks the user.' };

/** Error of an act that the other user does not allow, see {@link REFUSED_BY_USER}. */
export const refusedByUser = () =>
  new CommandError(ERRORS.permissionDenied, 'permission denied: the user does not allow it');

/** Refuses an act on a user whom the caller blocks. @throws {CommandError} 409 */
export function demandUnblocked({ blocks }: Pick<Relation, 'blocks'>): void {
  if (blocks) throw new CommandError(BLOCKS.error, BLOCKS.detail);
}
