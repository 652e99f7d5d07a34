import type { FailedWrite, WriteFailure } from '../apply/write-failure.ts';
import { someOf } from '../process/some-of.ts';
import type { Notice } from './notices.ts';

/** From the worst on: what no patience mends comes first. */
const RANK: readonly WriteFailure['reason'][] = ['NameTaken', 'Refused', 'WriteFailing'];
/** Objects whose sentences a condition holds: more would be read by nobody. */
const SHOWN = 4;

/** Pods are many and alike: of those that fail for one reason one speaks for all. */
function grouped(failures: readonly FailedWrite[]): FailedWrite[] {
  const pods = new Map<string, FailedWrite[]>();
  for (const each of failures) if (each.kind === 'Pod') pods.set(each.reason, [...(pods.get(each.reason) ?? []), each]);
  const spokesmen = [...pods.values()].map(all => {
    const [first] = all as [FailedWrite];
    return all.length === 1 ? first : { ...first, message: `${someOf(all.map(({ id }) => id))}: ${first.message}` };
  });
  return [...failures.filter(({ kind }) => kind !== 'Pod'), ...spokesmen];
}

/** All of it in one, for the condition. @param waiting ids of what is not written because of it */
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
    ...(waiting.length > 0 ? [`${someOf(waiting)} waits for it`] : []),
  ];
  return { reason: worst.reason, message: parts.join('; ') };
}

/** One for each object. @param failures that were not told before */
export function noticesOfFailures(failures: readonly FailedWrite[]): Notice[] {
  return grouped(failures).map(({ reason, message }) => ({ type: 'Warning', reason, action: 'Write', note: message }));
}
