import { GROUP } from '../api/chat-cluster.ts';
import type { Condition, ObjectMeta } from '../api/kube-object.ts';
import { CONTROL_ANNOTATIONS } from '../desired/names.ts';
import { someOf } from '../process/some-of.ts';
import type { Verdict } from './conditions.ts';

/** Options that processes refuse: one line for each process and option. */
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

/** Likeness below which a word counts as another word and not as a misspelling. */
const ALIKE = 0.5;

/** Sentences on annotations with the operator's prefix that it does not know, each with the likeliest known one. */
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

/** A sentence on the first line in order, with the number of processes that report it; none without lines. */
function sentence(noun: string, lines: readonly string[]): string[] {
  const [line] = [...lines].sort();
  if (line === undefined) return [];
  const count = lines.filter(each => each === line).length;
  return [`${count} ${noun}${count === 1 ? ' keeps its value' : 's keep their value'}: ${line}`];
}

/**
 * The condition `SettingsInForce`: True if no running process refuses an option, every annotation with the operator's prefix is
 * known, and the CRD knows every field.
 * @param refusals undefined before the first answers @param previous the condition as it stands
 * @param unknownFields fields that the CRD in the cluster drops
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
    const message = `the CRD in the cluster does not know ${someOf(unknownFields)}: the API server drops these fields; upgrade the CRD`;
    return { type, status: 'False', reason: 'CRDOutdated', message };
  }
  if (!refusals && previous?.reason === 'OptionRefused')
    return { type, status: 'False', reason: previous.reason, message: previous.message };
  const refused = [...sentence('gateway', refusals?.gateways ?? []), ...sentence('worker', refusals?.workers ?? [])];
  if (refused.length > 0) return { type, status: 'False', reason: 'OptionRefused', message: refused.join('; ') };
  return { type, status: 'True', reason: 'InForce', message: 'no process refuses an option' };
}
