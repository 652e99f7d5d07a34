import type { Clocks, Moment, WallTime } from '../time/clock.ts';
import type { LogTime } from './log-clock.ts';

/** Milliseconds that a clock may be ahead of that of LOG: those of machines with a time service differ by far less. */
const MOST_AHEAD_MS = 60_000;
/** Time after which LOG is asked again. */
const COUNTED_MS = 10_000;
/** Time after which it is asked again if it did not answer. */
const PAUSE_MS = 1_000;

/** Time of day that one wrong clock does not make late. */
export interface BoundedTime {
  /** Time of the machine, at most a minute ahead of LOG's; that of the machine alone until LOG has answered once. */
  readonly wallClock: () => WallTime;
  /** Asks LOG for its time. Never rejects. */
  readonly ask: () => Promise<void>;
}

/**
 * Makes a clock for what ends with time, such as bans: they end only once the machine and LOG agree. A clock that is ahead would end
 * them early, and by the time of its acts make rooms forget cuts. Reading it asks LOG now and then, without waiting.
 * @param read as `readLogTime`, for one partition
 */
export function boundedTime(read: () => Promise<Pick<LogTime, 'now'>>, { now, wallClock }: Clocks): BoundedTime {
  /** Difference between LOG's time and the monotonic clock; null before the first answer. */
  let offset: number | null = null;
  let askAt = Number.NEGATIVE_INFINITY as Moment;
  const ask = async () => {
    askAt = (now() + PAUSE_MS) as Moment;
    try {
      const time = await read();
      offset = time.now - now();
      askAt = (now() + COUNTED_MS) as Moment;
    } catch {
      // Counted on from the last answer; asked again after the pause.
    }
  };
  return {
    ask,
    wallClock() {
      if (now() >= askAt) void ask();
      const own = wallClock();
      return offset === null ? own : (Math.min(own, now() + offset + MOST_AHEAD_MS) as WallTime);
    },
  };
}
