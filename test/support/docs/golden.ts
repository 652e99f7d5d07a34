import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';

const DIR = join(import.meta.dirname, '../../golden');

/** Compares `documents` with `test/golden/<name>`, as YAML. UPDATE_GOLDEN=1 writes it instead: review the difference. */
export function assertGolden(name: string, documents: readonly unknown[]): void {
  const file = join(DIR, name);
  const text = documents.map(document => stringify(document, { lineWidth: 0 })).join('---\n');
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  assert.ok(existsSync(file), `${file} is missing; UPDATE_GOLDEN=1 makes it`);
  assert.equal(text, readFileSync(file, 'utf8'));
}
