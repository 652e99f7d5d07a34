import type { Clocks, WallTime } from '../time/clock.ts';

/**
 * The time of day that clients were told. They count on from there, so when a gateway's clock is set back theirs are ahead
 * of it, and the ids they make are no ids from the future.
 */
export class ToldTime {
  readonly #clocks: Clocks;
  /** Most milliseconds from a reading of the monotonic clock to a time that was told with it. */
  #offset: number;

  constructor(clocks: Clocks) {
    this.#clocks = clocks;
    this.#offset = clocks.wallClock() - clocks.now();
  }

  /** The time to tell a client now. */
  tell(): WallTime {
    const time = this.#clocks.wallClock();
    this.#offset = Math.max(this.#offset, time - this.#clocks.now());
    return time;
  }

  /** The latest time that a client may believe in now. */
  latest(): WallTime {
    return Math.max(this.#clocks.wallClock(), this.#clocks.now() + this.#offset) as WallTime;
  }
}
