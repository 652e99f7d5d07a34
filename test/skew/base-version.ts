import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourcesOf } from '../../tools/local/sources-of.ts';

/**
 * Sources of the version that this one has to work beside: the commit in `test/skew/BASE`.
 * @returns the folder @throws {Error} that says what to do when this clone does not have the commit
 */
export function baseVersion(): Promise<string> {
  return sourcesOf(readFileSync(join(import.meta.dirname, 'BASE'), 'utf8').trim());
}
