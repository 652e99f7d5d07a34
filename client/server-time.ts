import type { Clock } from '../server/time/clock.ts';

/** The server's time of day: counted on from what it said at the last connect, whatever the machine believes. */
export class ServerTime {
  readonly #clock: Clock;
  #offset: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param time milliseconds since 1970, as the server has just said */
  told(time: number): void {
    this.#offset = time - this.#clock.now();
  }

  /** Milliseconds since 1970; the machine's time before the server has said its own. */
  now(): number {
    return this.#offset === null ? this.#clock.wallClock() : this.#clock.now() + this.#offset;
  }
}
