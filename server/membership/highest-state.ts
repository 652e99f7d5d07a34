import type { ControlEntry } from '../fold/control.ts';
import { foldEntries } from '../fold/control-fold.ts';
import { NO_ROOM, type RoomState } from '../fold/room-state.ts';
import { readRoomState } from '../fold/room-state-json.ts';
import type { RoomArchive } from './archive.ts';
import type { PolicyStore } from './policy-store.ts';

/** All that may know a room. */
export interface StateSources {
  readonly policy: Pick<PolicyStore, 'read'>;
  readonly archive: Pick<RoomArchive, 'room'>;
  readonly log: {
    /** Reads the control entries of a room that LOG has above an offset, ascending, with every one that was acknowledged before. */
    controls(room: string, after: number): Promise<readonly ControlEntry[]>;
  };
}

/**
 * Reads the highest state of a room that follows from POLICY, MongoDB and the entries that LOG has. An entry that it lacks is lost.
 * @param known state that the caller has. Default: none
 * @throws {ReadFailed} {@link StoreUnavailable} if one of them does not answer
 */
export async function highestState(
  { policy, archive, log }: StateSources,
  room: string,
  known: RoomState = NO_ROOM,
): Promise<RoomState> {
  const stored = readRoomState((await policy.read({ room }))?.value);
  const before = [stored, await archive.room(room)].reduce<RoomState>(higher, known);
  const entries = await log.controls(room, before.at);
  // What was purged before LOG was read is in MongoDB now.
  return foldEntries(higher(before, await archive.room(room)), entries);
}

/** State with the higher version, the first of equals. */
export const higher = (state: RoomState, other: RoomState | null): RoomState =>
  other && other.cv > state.cv ? other : state;
