import { setTimeout as delay } from 'node:timers/promises';
import { type Moment, systemClocks } from '../time/clock.ts';

/** Time, as the worker's parts see it. */
export interface Clock {
  now(): Moment;
  /** Resolves after `ms`, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: systemClocks.now,
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}).catch(() => undefined),
};

/**
 * Wait before attempt `attempt` (1 is the first retry): doubles from 100 ms to 5 s, half of it random, so that workers
 * do not come back in step. Pure.
 * @param random from 0 to 1
 */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(5_000, 100 * 2 ** Math.min(attempt - 1, 10));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
