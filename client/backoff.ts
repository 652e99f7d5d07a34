const FIRST_MS = 500;
const LONGEST_MS = 20_000;

/**
 * Milliseconds to wait before another try: half fixed, half random, doubling from 0.5 s up to 20 s, so that many clients
 * refused at one moment do not come back at one moment.
 * @param attempt tries that failed so far, at least 1
 * @param random from 0 up to, not including, 1
 */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 16));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
