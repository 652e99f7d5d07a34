import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ORDER } from '../support/architecture/rules.ts';

const ROOT = join(import.meta.dirname, '../..');
/** The listed folders by the part of the repository they lie in. */
const byPart = Map.groupBy(ORDER.flat(), folder => folder.split('/')[0] ?? '');

for (const [part, folders] of byPart)
  test(`${part}/README.md says what each folder is for, in their order`, () => {
    const page = readFileSync(join(ROOT, part, 'README.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([^`]+)` \| \S/gm)].map(([, folder]) => folder);
    assert.deepEqual(rows, folders);
  });

test('the glossary has each word once', () => {
  const page = readFileSync(join(ROOT, 'docs/glossary.md'), 'utf8');
  const words = [...page.matchAll(/^\| ([^|]+) \| [^|]+ \|/gm)]
    .map(([, cell = '']) => cell)
    .filter(cell => !/^(word|---)/.test(cell))
    .flatMap(cell => cell.split(', '));
  assert.ok(words.length > 0);
  assert.deepEqual(
    words.filter((word, index) => words.indexOf(word) !== index),
    [],
  );
});

test('npm run update runs every test that keeps a generated file', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { update: string } };
  const [, list = ''] = /run\.ts unit ([^&]+)/.exec(scripts.update) ?? [];
  const keeping = globSync('test/unit/**/*.test.ts', { cwd: ROOT }).filter(file =>
    /support\/docs\/(generated|golden)\.ts/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  assert.ok(keeping.length > 0);
  assert.deepEqual(
    keeping.filter(
      file =>
        !list
          .trim()
          .split(' ')
          .some(part => file.includes(part)),
    ),
    [],
  );
});
