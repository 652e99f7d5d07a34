interface Wave {
  readonly at: number;
  readonly count: number;
}

/** Spreads actions over time: evenly, and in no second more than allowed, however late its caller is. */
export class Pacer {
  #waves: readonly Wave[] = [];
  /** Time at which the next action is due. */
  #next = Number.NEGATIVE_INFINITY;

  /**
   * Makes the first action due one gap from now: another gateway that had this rate before may have closed a connection just now.
   * @param now milliseconds of a monotonic clock
   * @param perSecond as for {@link take}
   */
  begin(now: number, perSecond: number): void {
    this.#next = Math.max(this.#next, now + gap(perSecond).gapMs);
  }

  /**
   * Takes the actions that are due now; they count as done. The pace is a fifth below the rate, see {@link WINDOW_MS}.
   * @param now milliseconds of a monotonic clock
   * @param wanted number of actions that wait
   * @param perSecond above 0; below 1 it stands for one in `1 / perSecond` seconds
   */
  take(now: number, wanted: number, perSecond: number): number {
    const { windowMs, most, gapMs } = gap(perSecond);
    this.#waves = this.#waves.filter(({ at }) => now - at < windowMs);
    const done = this.#waves.reduce((sum, { count }) => sum + count, 0);
    // Time before the start, or before a late call, is not made up for; a raised rate counts at once.
    this.#next = Math.min(Math.max(this.#next, now - CATCH_UP_MS), now + gapMs);
    const due = Math.floor((now - this.#next) / gapMs) + 1;
    const count = Math.max(0, Math.min(wanted, due, most - done));
    if (count === 0) return 0;
    this.#next += count * gapMs;
    this.#waves = [...this.#waves, { at: now, count }];
    return count;
  }
}

/** Length of the window, the most actions in it, and the time between two. */
function gap(perSecond: number): { windowMs: number; most: number; gapMs: number } {
  const windowMs = WINDOW_MS / Math.min(1, perSecond);
  const most = Math.max(1, Math.floor(perSecond));
  return { windowMs, most, gapMs: windowMs / most };
}

/** A second, and the time by which timers and networks may shift a wave: the gateways that take the clients in count too. */
const WINDOW_MS = 1_250;
/** Longest delay of a timer that the next wave makes up for. */
const CATCH_UP_MS = 250;
