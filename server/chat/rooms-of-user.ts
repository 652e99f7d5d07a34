import type { RoomState } from '../fold/room-state.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Chat } from './chat.ts';

/**
 * Rooms of a user, invitations and requests included, without {@link LatentRooms}: their document is read at every connect and has to stay
 * small.
 */
export const MOST_ROOMS_OF_USER = 2_000;
/** Latent rooms of a user, beside those, to which a stranger does not add another one. */
const MOST_LATENT = 2_000;

/**
 * Finds users who do not have a room and may not get another one. Rooms that others have opened without a word take no place: users do
 * not see them, and could not make room.
 * @throws {ReadFailed} if NATS does not answer, {@link StoreUnavailable} if MongoDB is needed and does not
 */
export async function withoutPlace(
  { userRooms, latent }: Pick<Chat, 'userRooms' | 'latent'>,
  room: string,
  users: readonly string[],
): Promise<ReadonlySet<string>> {
  const documents = await Promise.all(users.map(async user => [user, await userRooms.of(user)] as const));
  const large = documents.filter(([, rooms]) => rooms.size >= MOST_ROOMS_OF_USER && !rooms.has(room));
  const full = new Set<string>();
  for (const [user, rooms] of large) if (rooms.size - (await latent.count(rooms)) >= MOST_ROOMS_OF_USER) full.add(user);
  return full;
}

/** True for a user in whose document strangers have put as many latent rooms as it takes. Rejects as {@link withoutPlace} does. */
export async function isFlooded({ userRooms, latent }: Pick<Chat, 'userRooms' | 'latent'>, user: string) {
  const rooms = await userRooms.of(user);
  return rooms.size >= MOST_LATENT && (await latent.count(rooms)) >= MOST_LATENT;
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
