import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { headless, headlessIn } from '../support/architecture/comments.ts';

const ROOT = resolve(import.meta.dirname, '../..');

test('a doc comment starts with a noun or a verb', () => {
  const files = globSync('{client,operator,server,test,tools,web}/**/*.ts', {
    cwd: ROOT,
    exclude: ['**/node_modules/**', 'web/dist/**'],
  }).sort();
  assert.ok(files.length > 500);
  assert.deepEqual(headlessIn(files.map(file => join(ROOT, file))), []);
});

/** Start of a doc comment, in parts, so that the samples below are no comments of this file. */
const DOC = '/*'.concat('*');

test('a doc comment that starts with a clause is found, on one line and on more', () => {
  const source = [
    `${DOC} Whether the pod is ready. */`,
    `${DOC} True if the pod is ready. */`,
    `${DOC}\n * What a pass decided.\n */`,
    `${DOC}\n * Inputs of the last decision: what was known.\n */`,
    '// Why it is so: no doc comment.',
  ].join('\n');
  assert.deepEqual(headless(source), ['Whether the pod is ready.', 'What a pass decided.']);
});
