import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Chat } from './chat.ts';

/** Rooms of a user, invitations and requests included: their document is read at every connect and has to stay small. */
export const MOST_ROOMS_OF_USER = 2_000;

/**
 * Finds users who may not get another room.
 * @throws {ReadFailed} if NATS does not answer, {@link StoreUnavailable} if MongoDB is needed and does not
 */
export async function withoutPlace({ userRooms }: Chat, users: readonly string[]): Promise<ReadonlySet<string>> {
  const sizes = await Promise.all(users.map(async user => [user, (await userRooms.of(user)).size] as const));
  return new Set(sizes.filter(([, size]) => size >= MOST_ROOMS_OF_USER).map(([user]) => user));
}

/** Refuses a room to users of whom one has too many. @param full result of {@link withoutPlace} @throws {CommandError} 106 */
export function demandPlaceOf(users: readonly string[], full: ReadonlySet<string>): void {
  const user = users.find(each => full.has(each));
  if (user !== undefined)
    throw new CommandError(
      ERRORS.limitExceeded,
      `a user has at most ${MOST_ROOMS_OF_USER} rooms, invitations and requests: ${user} has no place for another`,
    );
}
