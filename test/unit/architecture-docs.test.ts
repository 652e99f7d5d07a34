import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

/** Anchors of a page, as GitHub makes them from its headings. */
const anchorsOf = (page: string) =>
  new Set(
    [...page.replace(/^```.*?^```/gms, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

test('links between pages lead to files and headings that exist', () => {
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    ...globSync('{docs,docs/decisions,client,server}/*.md', { cwd: ROOT }),
  ];
  const links = pages.flatMap(page =>
    [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\((?!https?:)([^()\s#[]*)(?:#([^()\s]+))?\)/g)].map(
      ([, path = '', anchor]) => ({ page, file: path === '' ? page : join(dirname(page), path), anchor }),
    ),
  );
  assert.ok(links.length > 100);
  const dead = links.filter(({ file, anchor }) => {
    if (!existsSync(join(ROOT, file))) return true;
    return (
      anchor !== undefined && file.endsWith('.md') && !anchorsOf(readFileSync(join(ROOT, file), 'utf8')).has(anchor)
    );
  });
  assert.deepEqual(dead, []);
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
