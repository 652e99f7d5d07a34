/** Time between two waves of closed connections: short, so that no wave is a peak for the gateways that take the clients in. */
export const WAVE_EVERY_MS = 100;

/** Smallest share of a wave: one connection a second. Going slower helps no client and only delays the end of the process. */
const LEAST = WAVE_EVERY_MS / 1_000;

/**
 * Number of connections that the next wave closes, so that all are closed evenly within `msLeft`, or sooner if they are few. Not
 * a whole number.
 */
export function waveShare(connections: number, msLeft: number): number {
  const even = msLeft <= WAVE_EVERY_MS ? connections : (connections * WAVE_EVERY_MS) / msLeft;
  return Math.min(connections, Math.max(even, LEAST));
}
