import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const FOLDER = join(import.meta.dirname, '../../docs/decisions');
const files = globSync('*.md', { cwd: FOLDER }).sort();

test('decisions are numbered without a gap', () => {
  assert.ok(files.length > 0);
  assert.deepEqual(
    files.map(file => file.slice(0, 5)),
    files.map((_, index) => `${String(index + 1).padStart(4, '0')}-`),
  );
});

for (const file of files) {
  const text = readFileSync(join(FOLDER, file), 'utf8');

  test(`decision ${file} begins with its number, its status and its date`, () => {
    const [title = '', empty, status = ''] = text.split('\n');
    assert.match(title, new RegExp(`^# ${file.slice(0, 4)}: \\S`));
    assert.equal(empty, '');
    assert.match(status, /^\*(Accepted|Proposed|Superseded) \d{4}-\d{2}-\d{2}[.;]/);
  });

  test(`decision ${file} names the alternatives that were rejected`, () => {
    assert.match(text, /\n\nRejected: \S/);
  });
}
