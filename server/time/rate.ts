/** Token bucket: `burst` at once, then `perSecond`. Both are arguments of each use, because options may change. */
export class Rate {
  #tokens: number;
  #at: number;
  /** @param burst tokens at the start @param now milliseconds */
  constructor(burst: number, now: number) {
    this.#tokens = burst;
    this.#at = now;
  }

  /**
   * Takes `count` tokens if that leaves at least `spare`.
   * @param now milliseconds; a clock that was set back adds no tokens and removes none
   * @param count at most `burst`
   * @returns false if there are too few; then none is taken
   */
  take(now: number, perSecond: number, burst: number, count = 1, spare = 0): boolean {
    this.#tokens = Math.min(burst, this.#tokens + (Math.max(0, now - this.#at) * perSecond) / 1000);
    this.#at = now;
    if (this.#tokens < count + spare) return false;
    this.#tokens -= count;
    return true;
  }
}

/**
 * Commands that a connection may send at once. At least one per room, because a client that
 * reconnects subscribes to all its rooms.
 */
export const burstOf = (limits: { readonly commandBurst: number; readonly maxSubscriptions: number }) =>
  Math.max(limits.commandBurst, limits.maxSubscriptions);
