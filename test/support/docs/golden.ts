import { join } from 'node:path';
import { stringify } from 'yaml';
import { assertGenerated } from './generated.ts';

const DIR = join(import.meta.dirname, '../../golden');

/** Compares `documents` with `test/golden/<name>`, as YAML. */
export function assertGolden(name: string, documents: readonly unknown[]): void {
  assertGenerated(join(DIR, name), documents.map(document => stringify(document, { lineWidth: 0 })).join('---\n'));
}
