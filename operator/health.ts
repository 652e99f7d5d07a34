import type { KindState } from './watch/caches.ts';

/** What health is judged by. Times are milliseconds. */
export interface Signs {
  readonly kinds: readonly KindState[];
  /** What the longest pass that runs has taken so far. */
  readonly longestPassMs: number;
  /** For how long, and why, the Lease can be neither read nor written; undefined while it can. */
  readonly lease: { readonly failingMs: number; readonly problem: string } | undefined;
}

/** Sentences, none where all is well. */
export interface Health {
  /** What only a new start would mend. An API server that is away is not among it. */
  readonly dead: readonly string[];
  /** Why the operator cannot do its work. */
  readonly unready: readonly string[];
  /** What it does without. */
  readonly without: readonly string[];
}

/** What is known may be this old: an API server that starts again takes less. */
const OUT_OF_DATE_MS = 60_000;
/** The longest time of a reflector without even a failure is one silent watch, 150 s. */
const IDLE_MS = 300_000;
/** Every request ends after 15 s at most: so long a pass waits for what will never come. */
const PASS_MS = 1_800_000;

const seconds = (ms: number) => `${Math.round(ms / 1_000)} s`;

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
