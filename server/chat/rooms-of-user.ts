import type { RoomState } from '../fold/room-state.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Chat } from './chat.ts';

/** Rooms of a user, invitations and requests included: their document is read at every connect and has to stay small. */
export const MOST_ROOMS_OF_USER = 2_000;

/**
 * Finds users who do not have a room and may not get another one.
 * @throws {ReadFailed} if NATS does not answer, {@link StoreUnavailable} if MongoDB is needed and does not
 */
export async function withoutPlace(
  { userRooms }: Pick<Chat, 'userRooms'>,
  room: string,
  users: readonly string[],
): Promise<ReadonlySet<string>> {
  const documents = await Promise.all(users.map(async user => [user, await userRooms.of(user)] as const));
  const isFull = (rooms: ReadonlyMap<string, unknown>) => rooms.size >= MOST_ROOMS_OF_USER && !rooms.has(room);
  return new Set(documents.filter(([, rooms]) => isFull(rooms)).map(([user]) => user));
}

/** Users whom an act that is repeated refused, as far as that can be seen now. @param unable users who could not get the room */
export const refusedBefore = (
  { members }: Pick<RoomState, 'members'>,
  users: readonly string[],
  unable: ReadonlySet<string>,
): readonly string[] =>
  users.filter(user => {
    const standing = members.get(user)?.state;
    return standing === 'banned' || (unable.has(user) && standing !== 'member');
  });

/** Refuses a room to users of whom one has too many. @param full result of {@link withoutPlace} @throws {CommandError} 106 */
export function demandPlaceOf(users: readonly string[], full: ReadonlySet<string>): void {
  const user = users.find(each => full.has(each));
  if (user !== undefined)
    throw new CommandError(
      ERRORS.limitExceeded,
      `a user has at most ${MOST_ROOMS_OF_USER} rooms, invitations and requests: ${user} has no place for another`,
    );
}
