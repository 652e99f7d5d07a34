/**
 * The two clocks of a process. They have types of their own, so that a duration can never be measured with the one that is
 * set: an operator, NTP or a virtual machine that wakes up moves the time of day by seconds or minutes, in both directions.
 */

declare const kind: unique symbol;

/** A moment of the monotonic clock, milliseconds since the process started: for durations and deadlines in the process. */
export type Moment = number & { readonly [kind]: 'monotonic' };

/** A time of day, milliseconds since 1970: for what people read, what is stored, and what another machine has written. */
export type WallTime = number & { readonly [kind]: 'wall' };

export interface Clocks {
  readonly now: () => Moment;
  readonly wallClock: () => WallTime;
}

/** The clocks of the machine. */
export const systemClocks: Clocks = {
  now: () => performance.now() as Moment,
  wallClock: () => Date.now() as WallTime,
};

/** @param ms may be negative or infinite */
export const momentAfter = (moment: Moment, ms: number): Moment => (moment + ms) as Moment;
