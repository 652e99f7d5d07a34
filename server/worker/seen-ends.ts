import { type Moment, momentAfter } from '../time/clock.ts';
import type { LogView } from './purge-plan.ts';

/** Last offset of the stream, as it was at some moment from `asked` to `answered`. */
interface SeenEnd {
  readonly asked: Moment;
  readonly answered: Moment;
  readonly last: number;
}

/** Samples in a hot window: the start of the window is known to a hundredth of it. */
const SAMPLES = 100;

/**
 * Ends of one LOG stream as a worker saw them, by its monotonic clock. NATS stamps entries with the clock of the server that leads the
 * stream. If that clock is set, or another server leads, entries look older or younger than they are: one from a clock that was a
 * day ahead would stay a day longer. What the worker saw bounds what the stamps tell, once it has run for a window.
 */
export class SeenEnds {
  readonly #windowMs: number;
  /** Ascending by time and offset. The first may be older than the window, the others are not. */
  #seen: SeenEnd[] = [];

  /** @param windowMs hot window, milliseconds */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  note(seen: SeenEnd): void {
    const latest = this.#seen.at(-1);
    if (latest && seen.last < latest.last)
      this.#seen = []; // the stream lost its end: offsets may be used again
    else if (latest && seen.asked - latest.asked < this.#windowMs / SAMPLES) return;
    this.#seen.push(seen);
    const since = momentAfter(seen.answered, -this.#windowMs);
    while ((this.#seen[1]?.answered ?? Number.POSITIVE_INFINITY) <= since) this.#seen.shift();
  }

  /**
   * Start of the hot window: that by the stamps, unless the worker knows better.
   * @param byStamps as {@link LogView.hot}
   */
  bound(now: Moment, byStamps: LogView['hot']): LogView['hot'] {
    const since = momentAfter(now, -this.#windowMs);
    const old = this.#seen.findLast(({ answered }) => answered <= since)?.last;
    const young = this.#seen.find(({ asked }) => asked > since)?.last;
    const least = old === undefined ? 0 : old + 1;
    const most = young === undefined ? Number.POSITIVE_INFINITY : young + 1;
    if (byStamps === undefined) return least > 0 ? least : undefined;
    const hot = Math.min(Math.max(byStamps ?? Number.POSITIVE_INFINITY, least), most);
    return hot === Number.POSITIVE_INFINITY ? null : hot;
  }
}
