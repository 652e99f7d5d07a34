import { readControl } from '../fold/control.ts';
import { foldControl } from '../fold/control-fold.ts';
import { highestState, type StateSources } from '../membership/highest-state.ts';
import { LOST_VERSIONS, snapshotOf } from '../membership/snapshot.ts';
import type { RejectedMessage } from '../room/history-store.ts';
import { dataOf, type Envelope } from '../room/message.ts';
import type { WallTime } from '../time/clock.ts';

export interface SnapshotAfterParts extends StateSources {
  readonly log: StateSources['log'] & { publish(room: string, body: Uint8Array, envelope: Envelope): Promise<void> };
  readonly wallClock: () => WallTime;
}

/**
 * Makes a function to call after a message was set aside. MongoDB lacks it for ever: if it is a control entry, a snapshot follows, from which
 * readers of MongoDB go on. A snapshot that MongoDB refuses is followed by none. Rejects if NATS or MongoDB does not answer.
 */
export const snapshotAfter =
  ({ wallClock, ...sources }: SnapshotAfterParts) =>
  async ({ message, code }: RejectedMessage): Promise<void> => {
    if (message.cv === 0 || code === 'unreadable') return;
    const entry = readControl(message, dataOf(message));
    if (!entry || entry.control.act === 'snapshot') return;
    const { room } = message;
    const state = await highestState(sources, room);
    if (state.cv >= entry.cv + LOST_VERSIONS) return; // a snapshot has followed: it is set aside again
    const latest = foldControl(state, entry);
    if (latest.cv < entry.cv) return; // it never counted, or the fold of its predecessors makes a snapshot
    const { body, envelope } = snapshotOf(room, latest, wallClock());
    await sources.log.publish(room, body, envelope);
  };
