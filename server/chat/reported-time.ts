import type { Clocks, WallTime } from '../time/clock.ts';

/**
 * The time of day that clients were sent. They count on from there: when the gateway's clock is set back, theirs stay
 * ahead of it, and the ids they make must not be refused as ids from the future.
 */
export class ReportedTime {
  readonly #clocks: Clocks;
  /** Largest difference, in ms, between a time that was sent and the monotonic clock at that moment. */
  #offset: number;

  constructor(clocks: Clocks) {
    this.#clocks = clocks;
    this.#offset = clocks.wallClock() - clocks.now();
  }

  /** The time to send to a client now. */
  report(): WallTime {
    const time = this.#clocks.wallClock();
    this.#offset = Math.max(this.#offset, time - this.#clocks.now());
    return time;
  }

  /** The latest time that any client's clock may show now. */
  latest(): WallTime {
    return Math.max(this.#clocks.wallClock(), this.#clocks.now() + this.#offset) as WallTime;
  }
}
