/** Bounds of the waits between attempts, in milliseconds. */
export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * Milliseconds to wait before the next attempt: doubles from `baseMs` to `maxMs`, half of it random, so that many that failed
 * at one moment do not come back at one moment.
 * @param failures in a row, from 1
 * @param random from 0 to 1
 */
export function backoffMs({ baseMs, maxMs }: Backoff, failures: number, random: number): number {
  const step = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(step / 2 + (step / 2) * random);
}
