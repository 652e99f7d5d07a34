import type { Alteration } from '../apply/repairs.ts';
import { someOf } from '../process/some-of.ts';
import type { Verdict } from './conditions.ts';

function sentence({ id, reason, paths, managers }: Alteration): string {
  if (reason === 'Mutated') return `${id}: admission changes ${someOf(paths)}; the operator leaves it so`;
  const who = managers.length > 0 ? `by ${someOf(managers)}` : 'by an unknown field manager';
  return `${id}: ${someOf(paths)} is changed again and again ${who}; the operator puts it back at most once a minute`;
}

/** The condition `ChildrenAsWritten`: False while admission or others change what the operator writes. */
export function childrenAsWritten(alterations: readonly Alteration[]): Verdict {
  const type = 'ChildrenAsWritten';
  const all = [...alterations].sort((a, b) =>
    a.reason === b.reason ? (a.id < b.id ? -1 : 1) : a.reason < b.reason ? -1 : 1,
  );
  const [first] = all;
  if (!first) return { type, status: 'True', reason: 'AsWritten', message: 'children are as the operator wrote them' };
  return { type, status: 'False', reason: first.reason, message: someOf(all.map(sentence)) };
}
