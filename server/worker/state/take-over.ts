import { NO_ROOM, type RoomState } from '../../fold/room-state.ts';
import { readRoomState } from '../../fold/room-state-json.ts';
import { droppedUsers } from '../../membership/dropped-users.ts';
import { highestState, type StateSources } from '../../membership/highest-state.ts';
import { FILLED, readFilled } from '../../membership/policy-filled.ts';
import type { PolicyStore } from '../../membership/policy-store.ts';
import { snapshotOf } from '../../membership/snapshot.ts';
import { writeUserRoom } from '../../membership/user-documents.ts';
import type { Envelope } from '../../room/message.ts';
import type { WallTime } from '../../time/clock.ts';
import type { RefusedWrites } from './refused-writes.ts';

export interface TakeOverParts extends StateSources {
  readonly policy: PolicyStore;
  readonly log: StateSources['log'] & { publish(room: string, body: Uint8Array, envelope: Envelope): Promise<void> };
  readonly writes: Pick<RefusedWrites, 'attempt'>;
  readonly wallClock: () => WallTime;
}

/** Epoch of LOG that a room is brought into. */
export interface NewEpoch {
  /** First offset of the epoch. */
  readonly from: number;
  /** Offset of the epoch before up to which POLICY has all that LOG had; 0 if that is not known. */
  readonly sure: number;
}

/**
 * Brings a room into a new epoch of LOG. A loss takes the last writes of LOG, of POLICY and of MongoDB, of each another part. Where POLICY
 * and MongoDB differ, or have a version of the part that was perhaps lost, the latest one is published as a snapshot, from which all
 * go on. The fold writes what it says.
 * @param archived state in MongoDB
 * @returns true if a snapshot was published. Rejects if POLICY was wiped: it lacks rooms that lost nothing
 */
export async function takeOver(
  parts: TakeOverParts,
  room: string,
  archived: RoomState,
  { from, sure }: NewEpoch,
): Promise<boolean> {
  const { policy, log, writes, wallClock } = parts;
  const found = await policy.read({ room });
  if (!found && !readFilled((await policy.read(FILLED))?.value).complete)
    throw new Error('the bucket POLICY was wiped meanwhile');
  const stored = readRoomState(found?.value) ?? NO_ROOM;
  const isSame = stored.cv === archived.cv && stored.at === archived.at;
  // Documents of users are written behind their room: above the sure offset POLICY may lack some.
  if (stored.at >= from || (isSame && stored.at <= sure)) return false;
  const latest = await highestState(parts, room, stored);
  if (latest.at >= from) return false; // an act was faster
  for (const [user, next] of droppedUsers([stored, archived], latest))
    await writes.attempt({ room, user }, async () => await writeUserRoom(policy, user, room, next));
  const { body, envelope } = snapshotOf(room, latest, wallClock());
  await log.publish(room, body, envelope);
  return true;
}
