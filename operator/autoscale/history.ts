import type { Share } from './share.ts';

/** One look at the fleet. The history is a list of them, oldest first. */
export interface Observation {
  /** Milliseconds that never run backwards. */
  readonly at: number;
  /** Size at that time. */
  readonly current: number;
  /** Gateways wanted; at least this many where some loads were unknown. Undefined when all were. */
  readonly wanted: number | undefined;
  /** Cost of one connection; undefined while it could not be seen. */
  readonly share?: Share | undefined;
  /** Connections of all gateways; undefined when one was unknown. */
  readonly connections: number | undefined;
  /** {@link FleetLoad.lost} */
  readonly lost: number;
  /** True if the total of connections was far below what it had been within the window. */
  readonly fell: boolean;
}

/** Gap, in milliseconds, after which the history is not used: nothing is known of the time between. */
const GAP_MS = 300_000;

const same = (a: Observation, b: Observation) =>
  a.current === b.current &&
  a.wanted === b.wanted &&
  a.connections === b.connections &&
  a.share?.cpu === b.share?.cpu &&
  a.share?.deliveries === b.share?.deliveries &&
  a.share?.eventLoopLag === b.share?.eventLoopLag &&
  a.lost === b.lost &&
  a.fell === b.fell;

/** History as far as it may be relied on. */
export function usable(history: readonly Observation[], now: number): readonly Observation[] {
  const last = history.at(-1);
  return last && now - last.at > GAP_MS ? [] : history;
}

/** Observations of the last `ms`. */
export function within(history: readonly Observation[], now: number, ms: number): Observation[] {
  return history.filter(each => each.at > now - ms);
}

/** Share of the last `ms` in which the load of a gateway was unknown. A look stands for the time since the look before. */
export function unknownShare(history: readonly Observation[], now: number, ms: number): number {
  const start = now - ms;
  const unknown = history.reduce((sum, look, index) => {
    const since = Math.max(start, history[index - 1]?.at ?? look.at);
    return look.connections === undefined ? sum + Math.max(0, look.at - since) : sum;
  }, 0);
  return ms === 0 ? 0 : unknown / ms;
}

/** True if the history covers the last `ms`. */
export function covers(history: readonly Observation[], now: number, ms: number): boolean {
  return (history[0]?.at ?? Number.POSITIVE_INFINITY) <= now - ms;
}

/**
 * History with one more observation. Of equal observations in a row it keeps the first and the last. Of those older than
 * `keepMs` it keeps only changes of the size, and of those older than `stepsMs` the newest, which shows that the history
 * covers that time.
 */
export function remember(
  history: readonly Observation[],
  next: Observation,
  keepMs: number,
  stepsMs: number,
): readonly Observation[] {
  const [before, last] = history.slice(-2);
  const repeated = before && last && same(before, last) && same(last, next);
  const all = [...(repeated ? history.slice(0, -1) : history), next];
  const first = Math.max(
    0,
    all.findLastIndex(each => each.at <= next.at - Math.max(keepMs, stepsMs)),
  );
  // The newest of the older observations stands for the time before the others.
  const whole = all.findLastIndex(each => each.at <= next.at - keepMs);
  return all.filter((look, at) => at >= whole || at === first || (at > first && look.current !== all[at - 1]?.current));
}
