import type { Logger } from 'pino';
import type { EraseEntries } from '../../bus/erase.ts';
import type { ErasureList, ViewPosition } from '../../room/views.ts';
import type { Clock, Moment } from '../../time/clock.ts';
import { Repeats } from '../../time/repeats.ts';
import { type Lease, LeaseLost } from '../fold/fold.ts';

export interface ErasingParts {
  readonly store: Pick<ErasureList, 'readErasures' | 'dropErasures'>;
  readonly erase: EraseEntries;
  /** Reads the time, in ms since 1970, up to which LOG may lose entries without storing an id again. */
  forgottenIds(partition: number): Promise<number>;
  /**
   * Offset up to which the fold `state` has a partition, as of the call. It reads entries that do not count in LOG, to tell their
   * authors.
   */
  stateUpTo(partition: number, epoch: string): Promise<number>;
  /** Counts a look that failed. */
  readonly failed: () => void;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Pick<Logger, 'warn'>;
}

/** Time between two looks at the list of a partition. */
const LOOK_MS = 1_000;
/** Entries that are erased at once: some 0.3 s, in which the fold does nothing else. */
const MOST = 500;

/**
 * Erases in LOG and LIVE the entries whose texts the store does not have any more. NATS recognises an id that is sent again by the entry
 * in LOG, after a restart too: so an entry is erased once its id is forgotten anyway. The store lists the entries until then.
 */
export class Erasing {
  readonly #parts: ErasingParts;
  /** Moment of the next look, by partition. */
  readonly #next = new Map<number, Moment>();
  /** Positions up to which nothing is left to erase, by partition. */
  readonly #done = new Map<number, ViewPosition>();
  readonly #repeats: Repeats;

  constructor(parts: ErasingParts) {
    this.#parts = parts;
    this.#repeats = new Repeats(() => parts.clock.now());
  }

  /** Offset up to which no deleted text is left in the store, LOG or LIVE; 0 if that is not known. */
  doneUpTo(partition: number, epoch: string): number {
    const done = this.#done.get(partition);
    return done?.epoch === epoch ? done.at : 0;
  }

  /** Notes how far a partition is erased. @param position of the fold: everything up to it is listed */
  async look(partition: number, position: ViewPosition | null): Promise<void> {
    const [first] = await this.#parts.store.readErasures(partition, 1);
    if (position) this.#done.set(partition, { ...position, at: Math.min(position.at, (first?.at ?? Infinity) - 1) });
    else this.#done.delete(partition);
  }

  /**
   * Erases what is due, unless it looked a moment ago. A failure, of NATS or the store, is reported and repeated at the next look: the
   * list keeps what is left, and the fold goes on.
   * @throws {LeaseLost}
   */
  async run(epoch: string, lease: Lease): Promise<void> {
    const { clock, failed, log } = this.#parts;
    const { partition } = lease;
    const now = clock.now();
    if (now < (this.#next.get(partition) ?? now)) return;
    this.#next.set(partition, (now + LOOK_MS) as Moment);
    try {
      await this.#erase(epoch, lease);
    } catch (error) {
      if (error instanceof LeaseLost) throw error;
      failed();
      const { name, message: reason } = error as Error;
      const news = this.#repeats.news(`${partition} ${name}`);
      if (news)
        log.warn(
          { partition, reason, ...news },
          'deleted texts are not erased in the streams; tried again in a second',
        );
    }
  }

  async #erase(epoch: string, lease: Lease): Promise<void> {
    const { store, erase, forgottenIds, stateUpTo } = this.#parts;
    const { partition, signal } = lease;
    const listed = await store.readErasures(partition, MOST);
    if (listed.length === 0) return;
    const [forgotten, folded] = await Promise.all([forgottenIds(partition), stateUpTo(partition, epoch)]);
    const due = listed.filter(({ storedAt, offset }) => storedAt < forgotten && offset <= folded);
    if (due.length === 0) return;
    if (signal.aborted) throw new LeaseLost(lease);
    await erase(partition, due);
    await store.dropErasures(due);
    if (due.length === MOST) this.#next.delete(partition);
  }
}
