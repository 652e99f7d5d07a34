import type { Observation } from './history.ts';

/** Time over which a climb is measured. */
export const CLIMB_MS = 60_000;
/** A climb that is over is one no more after half of this. */
const RECENT_MS = 20_000;
/** Less says nothing about how it goes on. */
const LEAST_MS = 20_000;

/** Median of the changes between looks of the last `ms`, weighted by their length, in connections a second. */
function median(history: readonly Observation[], now: number, ms: number): number {
  const known = history.flatMap(({ at, connections }) => (connections === undefined ? [] : [{ at, connections }]));
  const changes = known.slice(1).flatMap((each, index) => {
    const before = known[index];
    if (!before || each.at <= before.at) return [];
    // Of equal looks in a row only two are remembered: the first may be older than `ms`.
    const length = each.at - Math.max(before.at, now - ms);
    return length > 0
      ? [{ length, rate: ((each.connections - before.connections) / (each.at - before.at)) * 1_000 }]
      : [];
  });
  const total = changes.reduce((sum, change) => sum + change.length, 0);
  if (total < Math.min(ms, LEAST_MS)) return 0;
  let seen = 0;
  for (const { length, rate } of changes.sort((a, b) => a.rate - b.rate)) {
    seen += length;
    if (seen >= total / 2) return rate;
  }
  return 0;
}

/**
 * How fast connections climb: as fast as in the last minute, and as of late. Medians, so that a jump that is over, such as a
 * storm of reconnects, and noise about a level do not move it; a climb of half a minute does.
 * @returns connections a second, never negative
 */
export function climb(history: readonly Observation[], now: number): number {
  return Math.max(0, Math.min(median(history, now, CLIMB_MS), median(history, now, RECENT_MS)));
}

/** Growth beyond a level seen before that is taken for more than a return to it. */
const RETURN = 1.1;

/**
 * Connections there will be after `seconds` of such a climb. One that only leads back to a level of before, as after an outage
 * or of clients that come and go, is expected to end there.
 * @param windowMs how far back a level counts
 */
export function expected(
  history: readonly Observation[],
  now: number,
  windowMs: number,
  connections: number,
  perSecond: number,
  seconds: number,
): number {
  const soon = connections + perSecond * seconds;
  const before = history.filter(each => each.at > now - windowMs && each.at <= now - CLIMB_MS);
  const level = before.reduce((most, each) => Math.max(most, each.connections ?? 0), 0);
  return connections < level * RETURN ? Math.min(soon, Math.max(level, connections * RETURN)) : soon;
}
