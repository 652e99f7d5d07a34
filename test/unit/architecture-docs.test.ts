import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ORDER } from '../support/architecture/rules.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/architecture.md'), 'utf8');

test('docs/architecture.md names every folder, in their order', () => {
  const rows = [...page.matchAll(/^\| `([^`]+)` \| \S/gm)].map(([, folder]) => folder);
  const [first = ''] = ORDER[0] ?? [];
  assert.deepEqual(rows.slice(rows.indexOf(first)), ORDER.flat());
});
