import { type Clocks, type Moment, momentAfter } from '../time/clock.ts';
import type { RoomLog } from './log.ts';

interface Known {
  /** Everything LOG had stored by then is in MongoDB. */
  whole: Moment;
  /** Last offset of LOG at a moment, until MongoDB has it. */
  sample: { readonly at: Moment; readonly last: number } | null;
}

const NEVER = Number.NEGATIVE_INFINITY as Moment;

/** Up to which moment MongoDB is known to have all that LOG has stored, by partition. Normally that is less than a second ago. */
export class StoredUntil {
  readonly #log: RoomLog;
  readonly #now: Clocks['now'];
  readonly #partitions = new Map<number, Known>();

  constructor(log: RoomLog, now: Clocks['now']) {
    this.#log = log;
    this.#now = now;
  }

  /**
   * Whether MongoDB has all that LOG stored until `ms` ago. NATS is asked when that is not known yet: about once in `ms`
   * while MongoDB keeps up.
   * @throws {ReadFailed} when NATS does not answer
   */
  async covers(partition: number, ms: number): Promise<boolean> {
    const since = momentAfter(this.#now(), -ms);
    const known = this.#partitions.get(partition) ?? { whole: NEVER, sample: null };
    this.#partitions.set(partition, known);
    if (known.whole >= since) return true;
    if (known.sample === null || known.sample.at < since) {
      const at = this.#now(); // before the question: what is stored during it is not counted on
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
