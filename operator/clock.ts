/** Time as the operator sees it. The real one is made in the entry point, tests bring a simulated one. */
export interface Clock {
  /** Milliseconds that never run backwards. */
  now(): number;
  /** The wall's time. */
  date(): Date;
  /** Calls `run` once after `ms`. @returns cancels it */
  after(ms: number, run: () => void): () => void;
}

/** Resolves after `ms`, or at once when `signal` aborts. */
export async function delay(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>(resolve => {
    const done = () => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener('abort', done);
  });
}
