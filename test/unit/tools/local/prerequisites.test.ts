import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PREREQUISITES } from '../../../../tools/local/prerequisites.ts';

const read = (file: string) => readFileSync(join(import.meta.dirname, '../../../..', file), 'utf8');

test('README and CONTRIBUTING name the Node that package.json asks for', () => {
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
  const node = new RegExp(`Node ${engines.node.replace('>=', '')} or newer`);
  for (const file of ['README.md', 'CONTRIBUTING.md']) assert.match(read(file), node, file);
});

test('README names each version that npm start and the tests look for', () => {
  const wanted = PREREQUISITES.flatMap(({ atLeast }) => (atLeast ? [atLeast.written] : []));
  assert.ok(wanted.length > 0);
  for (const version of wanted)
    assert.match(read('README.md'), new RegExp(`(Go|Java) ${version.replace('.', '\\.')}\\b`));
});
