import type { Alteration } from '../apply/repairs.ts';
import { someOf } from '../process/some-of.ts';
import type { Verdict } from './conditions.ts';

function sentence({ id, reason, paths, managers }: Alteration): string {
  if (reason === 'Mutated') return `${id}: admission changes ${someOf(paths)}, which is left as it is`;
  const who = managers.length > 0 ? `by ${someOf(managers)}` : 'by somebody';
  return `${id}: ${someOf(paths)} is changed again and again ${who}, and put back at most once a minute`;
}

/** Whether the children are what was written. */
export function childrenAsWritten(alterations: readonly Alteration[]): Verdict {
  const type = 'ChildrenAsWritten';
  const all = [...alterations].sort((a, b) =>
    a.reason === b.reason ? (a.id < b.id ? -1 : 1) : a.reason < b.reason ? -1 : 1,
  );
  const [first] = all;
  if (!first) return { type, status: 'True', reason: 'AsWritten', message: 'the API server keeps what is written' };
  return { type, status: 'False', reason: first.reason, message: someOf(all.map(sentence)) };
}
