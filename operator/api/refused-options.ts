import { MOST_REFUSED } from '../../server/contract/backends.ts';

/** Characters of a line that are kept: a pod may say anything. */
const MOST_CHARACTERS = 300;

/** Options that a process says it refuses, checked; see `refused` of the server's contract. */
export function refusedOptions(said: unknown): { readonly refused?: readonly string[] } {
  if (!Array.isArray(said)) return {};
  const lines = said.filter(line => typeof line === 'string').map(line => line.slice(0, MOST_CHARACTERS));
  return lines.length === 0 ? {} : { refused: lines.slice(0, MOST_REFUSED) };
}
