import { GROUP } from '../api/chat-cluster.ts';
import type { Condition, ObjectMeta } from '../api/kube-object.ts';
import { CONTROL_ANNOTATIONS } from '../desired/names.ts';
import { someOf } from '../process/some-of.ts';
import type { Verdict } from './conditions.ts';

/** Lines of what processes refuse: one for each process and option. */
export interface Refusals {
  readonly gateways: readonly string[];
  readonly workers: readonly string[];
}

/** Share of the pairs of letters of two words that both have: 1 for the same word. */
function likeness(a: string, b: string): number {
  const pairs = (word: string) => Array.from({ length: word.length - 1 }, (_, at) => word.slice(at, at + 2));
  const [of, other] = [pairs(a), pairs(b)];
  const shared = of.filter(pair => other.includes(pair)).length;
  return (2 * shared) / Math.max(1, of.length + other.length);
}

/** Less alike is another word, and no misspelling. */
const ALIKE = 0.5;

/** Annotations in our name that nothing reads, with what may have been meant. */
function unknownAnnotations(annotations: ObjectMeta['annotations'] = {}): string[] {
  return Object.keys(annotations)
    .filter(key => key.startsWith(`${GROUP}/`) && !CONTROL_ANNOTATIONS.includes(key))
    .sort()
    .map(key => {
      const likenessOf = (known: string) => likeness(key.slice(GROUP.length), known.slice(GROUP.length));
      const [near = ''] = [...CONTROL_ANNOTATIONS].sort((a, b) => likenessOf(b) - likenessOf(a));
      const meant = likenessOf(near) >= ALIKE ? `; did you mean ${near}?` : '';
      return `annotation ${key} is not known and has no effect${meant}`;
    });
}

/** The options that some of `lines` are about, the smallest for all, with how many processes say so. */
function sentence(noun: string, lines: readonly string[]): string[] {
  const [line] = [...lines].sort();
  if (line === undefined) return [];
  const count = lines.filter(each => each === line).length;
  return [`${count} ${noun}${count === 1 ? ' keeps its value' : 's keep their value'}: ${line}`];
}

/**
 * Whether everything a person asked for is in force: no running process refuses an option, and no annotation has a name that
 * nothing reads.
 * @param refusals undefined until processes have been asked once @param previous the condition as it stands
 * @param unknownFields those that the CRD in the cluster drops
 */
export function settingsInForce(
  { annotations }: Pick<ObjectMeta, 'annotations'>,
  refusals: Refusals | undefined,
  previous: Condition | undefined,
  unknownFields: readonly string[] = [],
): Verdict {
  const type = 'SettingsInForce';
  const unknown = unknownAnnotations(annotations);
  if (unknown.length > 0) return { type, status: 'False', reason: 'UnknownAnnotation', message: unknown.join('; ') };
  if (unknownFields.length > 0) {
    const message = `the CRD in the cluster does not know ${someOf(unknownFields)}: what is written there is dropped; upgrade it`;
    return { type, status: 'False', reason: 'CRDOutdated', message };
  }
  if (!refusals && previous?.reason === 'OptionRefused')
    return { type, status: 'False', reason: previous.reason, message: previous.message };
  const refused = [...sentence('gateway', refusals?.gateways ?? []), ...sentence('worker', refusals?.workers ?? [])];
  if (refused.length > 0) return { type, status: 'False', reason: 'OptionRefused', message: refused.join('; ') };
  return { type, status: 'True', reason: 'InForce', message: 'no process refuses an option' };
}
