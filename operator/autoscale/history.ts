import type { Share } from './share.ts';

/** What one look at the fleet found; the autoscaler's memory is a list of them, oldest first. */
export interface Observation {
  /** Milliseconds that never run backwards. */
  readonly at: number;
  /** Gateways there were to be. */
  readonly current: number;
  /** Gateways the load asked for: at least so many, where not every gateway had said what it holds; undefined when none had. */
  readonly wanted: number | undefined;
  /** What one connection took up; undefined while that was not to be seen. */
  readonly share?: Share | undefined;
  /** Connections of all gateways; undefined when not every gateway had said what it holds. */
  readonly connections: number | undefined;
  /** {@link FleetLoad.lost} */
  readonly lost: number;
  /** Whether the total was far below what it had been within the window. */
  readonly fell: boolean;
}

/** After a pause this long nothing is known of what was between. */
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

/** The memory as far as it may be relied on. */
export function usable(history: readonly Observation[], now: number): readonly Observation[] {
  const last = history.at(-1);
  return last && now - last.at > GAP_MS ? [] : history;
}

/** The observations of the last `ms`. */
export function within(history: readonly Observation[], now: number, ms: number): Observation[] {
  return history.filter(each => each.at > now - ms);
}

/** How much of the last `ms` the load was not known of every gateway: a share. Each look stands for the time since the one before. */
export function unknownShare(history: readonly Observation[], now: number, ms: number): number {
  const start = now - ms;
  const unknown = history.reduce((sum, look, index) => {
    const since = Math.max(start, history[index - 1]?.at ?? look.at);
    return look.connections === undefined ? sum + Math.max(0, look.at - since) : sum;
  }, 0);
  return ms === 0 ? 0 : unknown / ms;
}

/** Whether the memory reaches `ms` back. */
export function covers(history: readonly Observation[], now: number, ms: number): boolean {
  return (history[0]?.at ?? Number.POSITIVE_INFINITY) <= now - ms;
}

/**
 * The memory with one observation more: of equal ones in a row the first and the last are kept, of those older than `keepMs`
 * only those with which the size changed, and of those older than `stepsMs` the newest, which tells that the memory reaches
 * that far.
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
  // The newest of the older ones stands for what was before the rest.
  const whole = all.findLastIndex(each => each.at <= next.at - keepMs);
  return all.filter((look, at) => at >= whole || at === first || (at > first && look.current !== all[at - 1]?.current));
}
