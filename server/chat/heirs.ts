import { RANKS } from '../fold/control.ts';
import { lacksHeir, type Succession, successionOf } from '../fold/heir.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { StoreUnavailable } from '../room/history-store.ts';
import type { Chat } from './chat.ts';
import type { RoomView } from './room-view.ts';

/** Members that are read to find one who follows: the list is behind, so some of them may have left. */
const MOST_READ = 100;
/** Members of these whose documents are read. */
const MOST_CANDIDATES = 20;

/**
 * Reads the members who may follow a user who leaves, if the state of the room lists none: the oldest of the highest rank among the
 * first that MongoDB lists.
 * @returns null if they are not needed, or not known while MongoDB is away
 */
export async function candidatesFor(
  { rooms, directory }: Pick<Chat, 'rooms' | 'directory'>,
  room: string,
  user: string,
): Promise<readonly string[] | null> {
  if (!lacksHeir(await rooms.fresh(room), user)) return null;
  try {
    const listed = await directory.listMembers(room, { after: null, limit: MOST_READ });
    return listed
      .filter(member => member.user !== user)
      .sort((one, other) => RANKS.indexOf(one.rank) - RANKS.indexOf(other.rank) || one.since - other.since)
      .slice(0, MOST_CANDIDATES)
      .map(member => member.user);
  } catch (error) {
    if (error instanceof StoreUnavailable) return null;
    throw error;
  }
}

/**
 * Decides who follows a user who leaves.
 * @param candidates result of {@link candidatesFor}; the view has to be one about them
 * @throws {CommandError} 100 if somebody has to follow, and the members are not known
 */
export function successionIn(view: RoomView, candidates: readonly string[] | null): Succession {
  const { state, user } = view;
  if (!lacksHeir(state, user)) return successionOf(state, user);
  if (candidates === null)
    throw new CommandError(ERRORS.internal, 'the members of whom one becomes the owner are not known now, try again');
  const heir = candidates.find(each => view.rank(each) !== null);
  return heir === undefined ? {} : { heir };
}
