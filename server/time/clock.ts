/**
 * The clocks of a process. Their readings have types of their own, so that a duration can never be measured with the one that
 * is set: an operator, NTP or a virtual machine that wakes up moves the time of day by seconds or minutes, in both directions.
 */

declare const kind: unique symbol;

/** A moment of the monotonic clock, milliseconds since the process started: for durations and deadlines in the process. */
export type Moment = number & { readonly [kind]: 'monotonic' };

/** A time of day, milliseconds since 1970: for what people read, what is stored, and what another machine has written. */
export type WallTime = number & { readonly [kind]: 'wall' };

/** Time, for gateway, worker, operator and client. Entry points pass on {@link systemClock}; tests decide when time passes. */
export interface Clock {
  readonly now: () => Moment;
  readonly wallClock: () => WallTime;
  /** Calls `task` once after `ms` milliseconds. @returns cancels it */
  readonly after: (ms: number, task: () => void) => () => void;
}

/** Both readings, for what sets no timer. */
export type Clocks = Pick<Clock, 'now' | 'wallClock'>;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now() as Moment,
  wallClock: () => Date.now() as WallTime,
  after(ms, task) {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};

/** @param ms may be negative or infinite */
export const momentAfter = (moment: Moment, ms: number): Moment => (moment + ms) as Moment;

/** Resolves after `ms` milliseconds, or at once when `signal` aborts; never rejects. */
export async function sleep(clock: Pick<Clock, 'after'>, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  await new Promise<void>(resolve => {
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener('abort', done);
  });
}
