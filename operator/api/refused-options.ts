import { MOST_REFUSED } from '../../server/contract/backends.ts';

/** Characters kept of a line: a pod may answer anything. */
const MOST_CHARACTERS = 300;

/** Options that a process reports as refused, checked; see `refused` of the server's contract. */
export function refusedOptions(reported: unknown): { readonly refused?: readonly string[] } {
  if (!Array.isArray(reported)) return {};
  const lines = reported.filter(line => typeof line === 'string').map(line => line.slice(0, MOST_CHARACTERS));
  return lines.length === 0 ? {} : { refused: lines.slice(0, MOST_REFUSED) };
}
