/** Bounds of the waits between attempts, in milliseconds. */
export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * Milliseconds to wait before the next attempt: doubles from `baseMs` to `maxMs`. Half of it is random, so that processes that
 * failed together do not try again together.
 * @param failures number of failures in a row, from 1
 * @param random number from 0 to 1
 */
export function backoffMs({ baseMs, maxMs }: Backoff, failures: number, random: number): number {
  const step = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(step / 2 + (step / 2) * random);
}
