import { readControl } from '../fold/control.ts';
import { foldControl } from '../fold/control-fold.ts';
import { NO_ROOM, type RoomState } from '../fold/room-state.ts';
import { readRoomState } from '../fold/room-state-json.ts';
import type { RoomArchive } from '../membership/archive.ts';
import { higher } from '../membership/highest-state.ts';
import type { PolicyStore } from '../membership/policy-store.ts';
import { LOST_VERSIONS, snapshotOf } from '../membership/snapshot.ts';
import type { RejectedMessage } from '../room/history-store.ts';
import { dataOf, type Envelope } from '../room/message.ts';
import type { WallTime } from '../time/clock.ts';

export interface SnapshotAfterParts {
  readonly policy: Pick<PolicyStore, 'read'>;
  readonly archive: Pick<RoomArchive, 'room'>;
  readonly publish: (room: string, body: Uint8Array, envelope: Envelope) => Promise<void>;
  readonly wallClock: () => WallTime;
}

/**
 * Makes a function to call after a message was set aside. MongoDB lacks it for ever: if it is a control entry, a snapshot follows, from which
 * readers of MongoDB go on. A snapshot that MongoDB refuses is followed by none. Rejects if NATS or MongoDB does not answer.
 */
export const snapshotAfter =
  ({ policy, archive, publish, wallClock }: SnapshotAfterParts) =>
  async ({ message, code }: RejectedMessage): Promise<void> => {
    if (message.cv === 0 || code === 'unreadable') return;
    const entry = readControl(message, dataOf(message));
    if (!entry || entry.control.act === 'snapshot') return;
    const { room } = message;
    const known = [readRoomState((await policy.read({ room }))?.value), await archive.room(room)];
    const state = known.reduce<RoomState>(higher, NO_ROOM);
    if (state.cv >= entry.cv + LOST_VERSIONS) return; // a snapshot has followed: it is set aside again
    const latest = foldControl(state, entry);
    if (latest.cv < entry.cv) return; // it never counted, or the fold of its predecessors makes a snapshot
    const { body, envelope } = snapshotOf(room, latest, wallClock());
    await publish(room, body, envelope);
  };
