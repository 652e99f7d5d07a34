/** Time between two waves in which connections are closed: short, so that no wave is a peak for those who take them in. */
export const WAVE_EVERY_MS = 100;

/** One a second: fewer spare nobody anything, and would only keep the process waiting. */
const LEAST = WAVE_EVERY_MS / 1_000;

/**
 * How many connections the next wave closes so that all are closed, evenly, when `msLeft` has passed, or sooner if they are
 * few; not a whole number.
 */
export function waveShare(connections: number, msLeft: number): number {
  const even = msLeft <= WAVE_EVERY_MS ? connections : (connections * WAVE_EVERY_MS) / msLeft;
  return Math.min(connections, Math.max(even, LEAST));
}
