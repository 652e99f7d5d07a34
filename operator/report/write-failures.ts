import type { FailedWrite, WriteFailure } from '../apply/write-failure.ts';
import { someOf } from '../process/some-of.ts';
import type { Notice } from './notices.ts';

/** Reasons from the worst on: those that waiting does not cure come first. */
const RANK: readonly WriteFailure['reason'][] = ['NameTaken', 'Refused', 'WriteFailing'];
/** Objects whose sentences are in the condition: a longer message is not read. */
const SHOWN = 4;

/** Failures with one entry for all pods that fail for the same reason: pods are many and alike. */
function grouped(failures: readonly FailedWrite[]): FailedWrite[] {
  const pods = new Map<string, FailedWrite[]>();
  for (const each of failures) if (each.kind === 'Pod') pods.set(each.reason, [...(pods.get(each.reason) ?? []), each]);
  const ofPods = [...pods.values()].map(all => {
    const [first] = all as [FailedWrite];
    return all.length === 1 ? first : { ...first, message: `${someOf(all.map(({ id }) => id))}: ${first.message}` };
  });
  return [...failures.filter(({ kind }) => kind !== 'Pod'), ...ofPods];
}

/** All failures as one, for the condition; undefined without any. @param waiting ids of objects that are not written because of them */
export function writeFailure(
  failures: readonly FailedWrite[],
  waiting: readonly string[] = [],
): WriteFailure | undefined {
  const all = grouped(failures).sort((a, b) => RANK.indexOf(a.reason) - RANK.indexOf(b.reason));
  const [worst] = all;
  if (!worst) return undefined;
  const more = all.length - SHOWN;
  const parts = [
    ...all.slice(0, SHOWN).map(({ message }) => message),
    ...(more > 0 ? [`and ${more} more: ${someOf(all.slice(SHOWN).map(({ id }) => id))}`] : []),
    ...(waiting.length > 0 ? [`${someOf(waiting)} waits for that`] : []),
  ];
  return { reason: worst.reason, message: parts.join('; ') };
}

/** A notice for each object. @param failures that were not reported before */
export function noticesOfFailures(failures: readonly FailedWrite[]): Notice[] {
  return grouped(failures).map(({ reason, message }) => ({ type: 'Warning', reason, action: 'Write', note: message }));
}
