import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Clock } from '../time/clock.ts';

/** Clients give up on an answer after 5 s, its way to them included. */
const ANSWER_MS = 4_500;

/**
 * Bounds how long a client waits for the answer to one question, whatever it needs: waits that are bounded each add up.
 * The work itself goes on; its end counts no more.
 * @returns what resolves and rejects as `work` does, or rejects with a temporary {@link CommandError} after 4.5 s
 */
export function inTime<T>(work: Promise<T>, after: Clock['after']): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () =>
      reject(new CommandError(ERRORS.internal, 'the servers behind did not answer in time, try again'));
    const cancel = after(ANSWER_MS, late);
    work.then(resolve, reject).finally(cancel);
  });
}
