/** A token bucket: `burst` at once, then `perSecond`. Both are asked for at each use, as they may change meanwhile. */
export class Rate {
  #tokens: number;
  #at: number;
  /** @param burst how many it starts with */
  constructor(burst: number, now: number) {
    this.#tokens = burst;
    this.#at = now;
  }

  /**
   * @param now milliseconds; a clock that is set back gives nothing, and takes nothing away
   * @param count how many are taken, at most `burst`
   * @param spare how many have to be left after it
   */
  take(now: number, perSecond: number, burst: number, count = 1, spare = 0): boolean {
    this.#tokens = Math.min(burst, this.#tokens + (Math.max(0, now - this.#at) * perSecond) / 1000);
    this.#at = now;
    if (this.#tokens < count + spare) return false;
    this.#tokens -= count;
    return true;
  }
}

/** Commands that a connection may send at once: a client that comes back subscribes to all its rooms. */
export const burstOf = (limits: { readonly commandBurst: number; readonly maxSubscriptions: number }) =>
  Math.max(limits.commandBurst, limits.maxSubscriptions);
