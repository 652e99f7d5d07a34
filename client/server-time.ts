import type { Clock } from '../server/time/clock.ts';

/** The server's time of day, counted on from its last report by the monotonic clock. The machine's time of day may be wrong. */
export class ServerTime {
  readonly #clock: Clock;
  #offset: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes the time that the server has just reported. @param time milliseconds since 1970 */
  reported(time: number): void {
    this.#offset = time - this.#clock.now();
  }

  /** Milliseconds since 1970; the machine's time before the first report. */
  now(): number {
    return this.#offset === null ? this.#clock.wallClock() : this.#clock.now() + this.#offset;
  }
}
