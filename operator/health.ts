import type { KindState } from './watch/caches.ts';

/** Inputs of the health. Times are milliseconds. */
export interface Signs {
  readonly kinds: readonly KindState[];
  /** Time that the longest running pass has taken so far; 0 without one. */
  readonly longestPassMs: number;
  /** Time for which the Lease can be neither read nor written, and the cause; undefined while it can. */
  readonly lease: { readonly failingMs: number; readonly problem: string } | undefined;
}

/** Problems of the operator, a sentence each; empty lists if it is healthy. */
export interface Health {
  /** Problems that only a restart cures. An API server that is down is not one of them. */
  readonly dead: readonly string[];
  /** Causes for which the operator cannot do its work. */
  readonly unready: readonly string[];
  /** Optional kinds that are missing, and what is lost. */
  readonly without: readonly string[];
}

/** Age in ms up to which the caches count as current: an API server restarts within it. */
const OUT_OF_DATE_MS = 60_000;
/** Time in ms without any progress after which a reflector counts as hung: a silent watch ends after 150 s. */
const IDLE_MS = 300_000;
/** Time in ms after which a pass counts as hung: each request ends after 15 s at most. */
const PASS_MS = 1_800_000;

const seconds = (ms: number) => `${Math.round(ms / 1_000)} s`;

/** The health of the operator. Pure. */
export function healthOf({ kinds, longestPassMs, lease }: Signs): Health {
  const dead = kinds.flatMap(({ kind, idleMs }) =>
    idleMs > IDLE_MS ? [`${kind}: neither list nor watch for ${seconds(idleMs)}`] : [],
  );
  if (longestPassMs > PASS_MS) dead.push(`a pass has not ended for ${seconds(longestPassMs)}`);
  const unready = kinds.flatMap(whyUnready);
  if (lease && lease.failingMs > OUT_OF_DATE_MS)
    unready.push(`Lease: not reached for ${seconds(lease.failingMs)}: ${lease.problem}`);
  const without = kinds.flatMap(({ kind, isMissing, without: lost, problem }) =>
    isMissing && lost !== undefined ? [`${kind}: ${lost}: ${problem}`] : [],
  );
  return { dead, unready: [...unready, ...dead], without };
}

function whyUnready({ kind, isSynced, isMissing, without, failingMs, problem }: KindState): string[] {
  if (without !== undefined && (isMissing || isSynced)) return [];
  if (!isSynced) return [problem === '' ? `${kind}: not listed yet` : `${kind}: cannot be listed: ${problem}`];
  return failingMs > OUT_OF_DATE_MS ? [`${kind}: out of date for ${seconds(failingMs)}: ${problem}`] : [];
}
