import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../../..');
/** Names of tests in italics, as the page's first lines say. */
const NAMES = /(?<!\*)\*([a-z][a-z0-9/, \n-]+)\*(?!\*)/g;

test('every test that docs/delivery.md names exists', () => {
  const page = readFileSync(join(ROOT, 'docs/delivery.md'), 'utf8');
  const names = [...page.matchAll(NAMES)].flatMap(match => (match[1] ?? '').split(',').map(name => name.trim()));
  const missing = names.filter(name => {
    const path = name.includes('/') ? name : `test/integration/${name}`;
    return !existsSync(join(ROOT, path)) && !existsSync(join(ROOT, `${path}.test.ts`));
  });
  assert.ok(names.length > 10);
  assert.deepEqual(missing, []);
});
