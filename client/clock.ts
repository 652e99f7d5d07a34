/** Time as the client sees it; injected, so that tests decide when it passes. */
export interface Clock {
  /** Milliseconds of a clock that nobody sets: for durations. */
  now(): number;
  /** Milliseconds since 1970, as the machine believes. */
  wallClock(): number;
  /** Runs `task` once after `ms` milliseconds. The returned function cancels it. */
  after(ms: number, task: () => void): () => void;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallClock: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};
