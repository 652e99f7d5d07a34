import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Clock } from '../time/clock.ts';

/** Time for an answer, in ms: SDKs give up after 5 s, which includes its way to them. */
const ANSWER_MS = 4_500;

/**
 * Bounds the time to one answer: several waits that are bounded each can add up to more. The work goes on afterwards; its
 * result is ignored.
 * @returns resolves and rejects as `work` does, or rejects with a temporary {@link CommandError} after 4.5 s
 */
export function inTime<T>(work: Promise<T>, after: Clock['after']): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () =>
      reject(new CommandError(ERRORS.internal, 'the servers behind did not answer in time, try again'));
    const cancel = after(ANSWER_MS, late);
    work.then(resolve, reject).finally(cancel);
  });
}
