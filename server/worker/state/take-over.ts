import type { Logger } from 'pino';
import type { FoldLogState } from '../../bus/fold-log.ts';
import { NO_ROOM, type RoomState } from '../../fold/room-state.ts';
import { readRoomState } from '../../fold/room-state-json.ts';
import type { MembershipArchive } from '../../membership/archive.ts';
import { higher } from '../../membership/highest-state.ts';
import type { PolicyProgress } from '../../membership/policy-progress.ts';
import { COMPLETE, type PolicyStore } from '../../membership/policy-store.ts';
import { snapshotOf } from '../../membership/snapshot.ts';
import type { Envelope } from '../../room/message.ts';
import type { Clock, Moment } from '../../time/clock.ts';
import type { Lease } from '../fold/fold.ts';
import type { PolicyPosition } from './policy-position.ts';

export interface TakeOverParts {
  readonly policy: Pick<PolicyStore, 'read'>;
  readonly position: Pick<PolicyPosition, 'known' | 'write'>;
  readonly archive: Pick<MembershipArchive, 'allRooms'>;
  readonly log: {
    state(partition: number): Promise<Pick<FoldLogState, 'epoch' | 'from'>>;
    partitionOf(room: string): number;
    publish(room: string, body: Uint8Array, envelope: Envelope): Promise<void>;
  };
  readonly clock: Pick<Clock, 'now' | 'wallClock'>;
  readonly logger: Logger;
}

/** Time between two looks whether an epoch has begun. */
const LOOK_MS = 2_000;
const PAGE = 500;
/** Rooms that are compared at the same time. */
const WINDOW = 32;

/**
 * Brings POLICY into a new epoch of LOG. A loss takes the last writes of LOG, of POLICY and of MongoDB, of each another part. So the
 * states of all rooms in POLICY and MongoDB are compared, and where they differ, or are of the part that was perhaps lost, the later one
 * is published as a snapshot, from which all go on. Until that is done, gateways ask MongoDB too.
 */
export class TakeOver {
  readonly #parts: TakeOverParts;
  readonly #lookAt = new Map<number, Moment>();
  readonly #underway = new Set<number>();

  constructor(parts: TakeOverParts) {
    this.#parts = parts;
  }

  /** Looks whether the partition has a new epoch, from time to time, and begins to take it over. @param folded position of the fold */
  look(partition: number, folded: PolicyProgress, { signal }: Pick<Lease, 'signal'>): void {
    const { position, clock, logger } = this.#parts;
    const now = clock.now();
    if (position.known(partition)?.epoch === folded.epoch || this.#underway.has(partition)) return;
    if (now < (this.#lookAt.get(partition) ?? now)) return;
    this.#lookAt.set(partition, (now + LOOK_MS) as Moment);
    this.#underway.add(partition);
    void this.#take(partition, folded, signal)
      .catch((error: unknown) => {
        const reason = (error as Error).message;
        logger.warn({ partition, reason }, 'POLICY could not be brought into the epoch of LOG; tried again');
      })
      .finally(() => this.#underway.delete(partition));
  }

  async #take(partition: number, folded: PolicyProgress, signal: AbortSignal): Promise<void> {
    const { policy, position, log, logger } = this.#parts;
    if (!(await policy.read(COMPLETE))) return; // it is being filled from MongoDB
    const { epoch, from } = await log.state(partition);
    if (epoch !== folded.epoch) return;
    // Nothing was before the first epoch.
    const snapshots = from > 1 ? await this.#compareAll(partition, from, signal) : 0;
    if (signal.aborted) return;
    await position.write(partition, folded);
    if (from > 1) logger.info({ partition, epoch, snapshots }, 'POLICY and MongoDB agree in the new epoch of LOG');
  }

  /** @returns number of snapshots */
  async #compareAll(partition: number, from: number, signal: AbortSignal): Promise<number> {
    const { archive, log } = this.#parts;
    let snapshots = 0;
    for (let after = ''; !signal.aborted; ) {
      const page = await archive.allRooms(after, PAGE);
      const rooms = page.filter(([room]) => log.partitionOf(room) === partition);
      for (let start = 0; start < rooms.length && !signal.aborted; start += WINDOW) {
        const published = await Promise.all(
          rooms.slice(start, start + WINDOW).map(([room, archived]) => this.#compare(partition, room, archived, from)),
        );
        snapshots += published.filter(Boolean).length;
      }
      const last = page.at(-1);
      if (!last) break;
      after = last[0];
    }
    return snapshots;
  }

  /** @returns true if a snapshot was published */
  async #compare(partition: number, room: string, archived: RoomState, from: number): Promise<boolean> {
    const { policy, position, log, clock } = this.#parts;
    const stored = readRoomState((await policy.read({ room }))?.value) ?? NO_ROOM;
    if (stored.at >= from) return false; // an act was faster
    // Documents of users are written behind their room: above its progress POLICY may lack some.
    const sure = position.known(partition)?.at ?? 0;
    const isSame = stored.cv === archived.cv && stored.at === archived.at;
    if (isSame && stored.at <= sure) return false;
    const latest = higher(stored, archived);
    const { body, envelope } = snapshotOf(room, latest, clock.wallClock());
    await log.publish(room, body, envelope);
    return true;
  }
}
