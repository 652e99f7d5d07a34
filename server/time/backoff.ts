export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * Exponential backoff with jitter: half of the step is fixed, half random, so that many clients spread out.
 * @param failures in a row, from 1
 * @param random from 0 to 1
 */
export function backoffMs({ baseMs, maxMs }: Backoff, failures: number, random: number): number {
  const step = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return step / 2 + (step / 2) * random;
}
