import type { ChatCluster } from '../api/chat-cluster.ts';
import { APPLIED_HASH, GROUP_PREFIX, TEMPLATE_ANNOTATION } from '../desired/names.ts';
import type { Action } from './plan.ts';

/** Fields that change although the spec stays: sizes, rollouts, and the owner of an object. */
const SPEC_OR_OWNER = /^(spec\.(replicas|selector|template)|metadata\.ownerReferences)\b/;
const ANNOTATION = 'metadata.annotations.';
/** Annotations that differ with every version of the operator. */
const OF_THE_WRITER = new Set([APPLIED_HASH, TEMPLATE_ANNOTATION].map(name => ANNOTATION + name));

/**
 * True if an action only brings an object to the form in which this version of the operator writes it: the spec has been
 * written before, and nothing else that matters differs.
 */
export function isRewrite(action: Action, { metadata, status }: ChatCluster): boolean {
  if (action.verb !== 'apply' || action.cause !== 'changed' || status?.observedGeneration !== metadata.generation)
    return false;
  return !action.paths.some(
    path => SPEC_OR_OWNER.test(path) || (path.startsWith(ANNOTATION + GROUP_PREFIX) && !OF_THE_WRITER.has(path)),
  );
}

/**
 * Spreads the writes caused by an upgrade of the operator over time and over all ChatClusters. All at once would keep the
 * API server, and every process that watches it, from other work.
 */
export class Rewrites {
  readonly #everyMs: number;
  /** Time at which all reserved writes are made. */
  #freeAt = Number.NEGATIVE_INFINITY;

  constructor(perSecond: number) {
    this.#everyMs = 1_000 / perSecond;
  }

  /**
   * Reserves time for `count` writes of one ChatCluster.
   * @param now milliseconds that never run backwards
   * @returns time at which the writes may start, on the same clock
   */
  reserve(count: number, now: number): number {
    const at = Math.max(now, this.#freeAt);
    this.#freeAt = at + count * this.#everyMs;
    return at;
  }
}
