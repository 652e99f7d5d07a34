/**
 * The two clocks of a process. Their readings have different types, so that a duration is never measured with the time of day: an
 * administrator, NTP or a virtual machine that wakes up sets that by seconds or minutes, in both directions.
 */

declare const kind: unique symbol;

/** Reading of the monotonic clock, milliseconds since the process started: for durations and deadlines within the process. */
export type Moment = number & { readonly [kind]: 'monotonic' };

/** Time of day, milliseconds since 1970: for texts, stored data, and comparison with times of other machines. */
export type WallTime = number & { readonly [kind]: 'wall' };

/**
 * Source of time and timers, for gateway, worker, operator and client. Entry points pass {@link systemClock}; a test passes a
 * clock that it moves itself. All members may be called detached from the object, and none throws.
 */
export interface Clock {
  /** Reads the monotonic clock: never less than an earlier reading. */
  readonly now: () => Moment;
  /** Reads the time of day, which may be set forwards or backwards between two readings. */
  readonly wallClock: () => WallTime;
  /**
   * Calls `task` once, at least `ms` milliseconds from now and never before `after` returns. Of tasks that are due the earlier is
   * called first. An error of `task` is not caught.
   * @param ms at least 0
   * @returns cancels the task; does nothing after it ran
   */
  readonly after: (ms: number, task: () => void) => () => void;
}

/** A clock without timers. */
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

/** Adds a duration. @param ms may be negative or infinite */
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
