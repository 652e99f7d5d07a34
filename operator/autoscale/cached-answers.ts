import type { GatewaySample } from './sample.ts';

/** Longer than two lost polls. What a gateway said longer ago says nothing of it any more, milliseconds. */
export const STALE_MS = 15_000;

/** One that can be told from the gateway before it. */
export interface Answer extends GatewaySample {
  /** Of its container: a pod that starts anew has another one. */
  readonly life: string;
}

export interface CachedAnswer {
  /** When `load` came, or did not; milliseconds that never run backwards. */
  readonly answeredAt: number;
  /** Whether `load` is of an earlier look. */
  readonly cached: boolean;
}

/**
 * Answers with what those that are silent now said last: one lost poll is no silence. A container that has started anew, or a
 * change of readiness since then, ends what was said before.
 * @param before of the look before, with what was kept in it
 * @param now when `answers` came, as {@link CachedAnswer.answeredAt}
 */
export function withCachedAnswers<A extends Answer>(
  answers: readonly A[],
  before: readonly (A & CachedAnswer)[],
  now: number,
): readonly (A & CachedAnswer)[] {
  const last = new Map(before.map(sample => [sample.life, sample]));
  return answers.map(answer => {
    const said = answer.load === undefined ? last.get(answer.life) : undefined;
    const isKept = said?.load !== undefined && said.ready === answer.ready && now - said.answeredAt <= STALE_MS;
    return isKept
      ? { ...answer, load: said.load, answeredAt: said.answeredAt, cached: true }
      : { ...answer, answeredAt: now, cached: false };
  });
}

/** The samples without what is too old to act on. @param now as {@link CachedAnswer.answeredAt} */
export function withoutStaleAnswers<S extends GatewaySample & CachedAnswer>(
  samples: readonly S[],
  now: number,
): readonly S[] {
  return samples.map(sample => (now - sample.answeredAt > STALE_MS ? { ...sample, load: undefined } : sample));
}
