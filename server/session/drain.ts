/** Time between two waves in which connections are closed: a client notices none of it, a load balancer sees no peak. */
export const WAVE_EVERY_MS = 250;

/** How many connections the next wave closes, so that all are closed when `msLeft` has passed. */
export function waveSize(connections: number, msLeft: number): number {
  return Math.ceil(connections / Math.max(1, Math.floor(msLeft / WAVE_EVERY_MS)));
}
