/** Time between two waves in which connections are closed: short, so that no wave is a peak for those who take them in. */
export const WAVE_EVERY_MS = 100;

/** How many connections the next wave closes so that all are closed, evenly, when `msLeft` has passed; not a whole number. */
export function waveShare(connections: number, msLeft: number): number {
  return msLeft <= WAVE_EVERY_MS ? connections : (connections * WAVE_EVERY_MS) / msLeft;
}
