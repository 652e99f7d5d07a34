import {
  type Answer,
  type CachedAnswer,
  withCachedAnswers,
  withoutStaleAnswers,
} from '../../operator/autoscale/cached-answers.ts';
import type { GatewaySample } from '../../operator/autoscale/sample.ts';
import { seeded } from '../support/random.ts';

/**
 * Polls of which a share brings no answer, as an operator hears them: with what it keeps of the answers before.
 * @param share 0 to 1
 */
export function lostPolls(share: number, seed = 17): (samples: GatewaySample[], now: number) => GatewaySample[] {
  const random = seeded(seed);
  let before: readonly (Answer & CachedAnswer)[] = [];
  return (samples, now) => {
    const answers = samples.map((sample): Answer => {
      const load = random() < share ? undefined : sample.load;
      return { ...sample, load, life: sample.pod };
    });
    before = withCachedAnswers(answers, before, now);
    return [...withoutStaleAnswers(before, now)];
  };
}
