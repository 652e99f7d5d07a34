import type { GatewaySample } from './sample.ts';

/** Age, in milliseconds, from which the answer of a gateway is not used any more. Two lost polls take less. */
export const STALE_MS = 15_000;

/** Answer of one run of a gateway's container. */
export interface Answer extends GatewaySample {
  /** Identity of the container's run: it changes when the container restarts. */
  readonly life: string;
}

/** Age of an answer. */
export interface CachedAnswer {
  /** Time at which the gateway reported `load`, or failed to; milliseconds that never run backwards. */
  readonly answeredAt: number;
  /** True if `load` comes from an earlier round, because the gateway did not answer in this one. */
  readonly cached: boolean;
}

/**
 * Fills missing answers with the last ones, because one lost poll is not silence. An answer is not reused after the
 * container restarted or its readiness changed.
 * @param before result of the round before
 * @param now time of `answers`, as {@link CachedAnswer.answeredAt}
 */
export function withCachedAnswers<A extends Answer>(
  answers: readonly A[],
  before: readonly (A & CachedAnswer)[],
  now: number,
): readonly (A & CachedAnswer)[] {
  const last = new Map(before.map(sample => [sample.life, sample]));
  return answers.map(answer => {
    const earlier = answer.load === undefined ? last.get(answer.life) : undefined;
    const isKept =
      earlier?.load !== undefined && earlier.ready === answer.ready && now - earlier.answeredAt <= STALE_MS;
    return isKept
      ? { ...answer, load: earlier.load, answeredAt: earlier.answeredAt, cached: true }
      : { ...answer, answeredAt: now, cached: false };
  });
}

/** Samples without answers that are too old to act on. @param now as {@link CachedAnswer.answeredAt} */
export function withoutStaleAnswers<S extends GatewaySample & CachedAnswer>(
  samples: readonly S[],
  now: number,
): readonly S[] {
  return samples.map(sample => (now - sample.answeredAt > STALE_MS ? { ...sample, load: undefined } : sample));
}
