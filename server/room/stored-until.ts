import { type Clocks, type Moment, momentAfter } from '../time/clock.ts';
import type { RoomLog } from './log.ts';

interface Known {
  /** Moment up to which MongoDB has everything that LOG stored. */
  whole: Moment;
  /** Last offset of LOG at a moment, until MongoDB has it. */
  sample: { readonly at: Moment; readonly last: number } | null;
}

const NEVER = Number.NEGATIVE_INFINITY as Moment;

/** Moment up to which MongoDB is known to have everything that LOG stored, by partition. Normally less than a second ago. */
export class StoredUntil {
  readonly #log: RoomLog;
  readonly #now: Clocks['now'];
  readonly #partitions = new Map<number, Known>();

  constructor(log: RoomLog, now: Clocks['now']) {
    this.#log = log;
    this.#now = now;
  }

  /**
   * Returns true if MongoDB has everything that LOG stored until `ms` ago. Asks NATS if that is not known: about once in `ms`
   * while MongoDB keeps up.
   * @throws {ReadFailed} if NATS does not answer
   */
  async covers(partition: number, ms: number): Promise<boolean> {
    const since = momentAfter(this.#now(), -ms);
    const known = this.#partitions.get(partition) ?? { whole: NEVER, sample: null };
    this.#partitions.set(partition, known);
    if (known.whole >= since) return true;
    if (known.sample === null || known.sample.at < since) {
      const at = this.#now(); // before the request: a message stored during it may be missing
      const { last } = await this.#log.state(partition);
      known.sample = { at, last };
    }
    const { at, last } = known.sample;
    if ((await this.#log.storedFloor(partition)) >= last) {
      if (at > known.whole) known.whole = at;
      known.sample = null;
    }
    return known.whole >= since;
  }
}
