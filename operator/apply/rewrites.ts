import type { ChatCluster } from '../api/chat-cluster.ts';
import { APPLIED_HASH, GROUP_PREFIX, TEMPLATE_ANNOTATION } from '../desired/names.ts';
import type { Action } from './plan.ts';

/** Fields that change while the spec stays: sizes, rollouts, and to whom an object belongs. */
const SPEC_OR_OWNER = /^(spec\.(replicas|selector|template)|metadata\.ownerReferences)\b/;
const ANNOTATION = 'metadata.annotations.';
/** Annotations that differ with every way to write an object. */
const OF_THE_WRITER = new Set([APPLIED_HASH, TEMPLATE_ANNOTATION].map(name => ANNOTATION + name));

/**
 * Whether an action only takes on how this version of the operator writes an object: the spec is the one that was written for,
 * and nothing differs that depends on anything else.
 */
export function isRewrite(action: Action, { metadata, status }: ChatCluster): boolean {
  if (action.verb !== 'apply' || action.cause !== 'changed' || status?.observedGeneration !== metadata.generation)
    return false;
  return !action.paths.some(
    path => SPEC_OR_OWNER.test(path) || (path.startsWith(ANNOTATION + GROUP_PREFIX) && !OF_THE_WRITER.has(path)),
  );
}

/**
 * Spreads, over all ChatClusters, the writes that an upgrade of the operator brings about: all of them at once would keep the API
 * server, and whoever watches it, from everything else.
 */
export class Rewrites {
  readonly #everyMs: number;
  /** When the turns that were given are over. */
  #freeAt = Number.NEGATIVE_INFINITY;

  constructor(perSecond: number) {
    this.#everyMs = 1_000 / perSecond;
  }

  /** Takes a turn for `count` writes of one ChatCluster. @returns when it comes @param now as the result, in milliseconds */
  reserve(count: number, now: number): number {
    const at = Math.max(now, this.#freeAt);
    this.#freeAt = at + count * this.#everyMs;
    return at;
  }
}
