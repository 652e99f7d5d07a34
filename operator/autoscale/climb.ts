import type { Observation } from './history.ts';

/** Time over which a climb is measured. */
export const CLIMB_MS = 60_000;
/** Less says nothing about how it goes on. */
const LEAST_MS = 20_000;

/**
 * How fast connections climb: the median of the changes between looks of the last minute, weighted by their length. A
 * jump that is over, such as a storm of reconnects, and noise about a level do not move it; a climb of half a minute does.
 * @returns connections a second, never negative
 */
export function climb(history: readonly Observation[], now: number): number {
  const known = history.flatMap(({ at, connections }) => (connections === undefined ? [] : [{ at, connections }]));
  const changes = known.slice(1).flatMap((each, index) => {
    const before = known[index];
    if (!before || each.at <= before.at) return [];
    // Of equal looks in a row only two are remembered: the first may be older than the minute.
    const ms = each.at - Math.max(before.at, now - CLIMB_MS);
    return ms > 0 ? [{ ms, rate: ((each.connections - before.connections) / (each.at - before.at)) * 1_000 }] : [];
  });
  const total = changes.reduce((sum, change) => sum + change.ms, 0);
  if (total < LEAST_MS) return 0;
  let seen = 0;
  for (const { ms, rate } of changes.sort((a, b) => a.rate - b.rate)) {
    seen += ms;
    if (seen >= total / 2) return Math.max(0, rate);
  }
  return 0;
}
