import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CLUSTER_TOOLS, IMAGE_TOOLS } from '../../../../tools/cluster/host.ts';
import { PREREQUISITES } from '../../../../tools/local/prerequisites.ts';

const read = (file: string) => readFileSync(join(import.meta.dirname, '../../../..', file), 'utf8');

test('README and CONTRIBUTING name the Node that package.json asks for', () => {
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
  const node = new RegExp(`Node ${engines.node.replace('>=', '')} or newer`);
  for (const file of ['README.md', 'CONTRIBUTING.md']) assert.match(read(file), node, file);
});

test('README and docs/local-cluster.md name each version that the demo, npm start and the tests look for', () => {
  const wanted = PREREQUISITES.flatMap(({ atLeast }) => (atLeast ? [atLeast.written] : []));
  assert.ok(wanted.length > 0);
  for (const file of ['README.md', 'docs/local-cluster.md'])
    for (const version of wanted)
      assert.match(read(file), new RegExp(`(Go|Java|JDK) ${version.replace('.', '\\.')}\\b`), file);
});

test('docs/local-cluster.md names the Debian packages of the local cluster', () => {
  const text = read('docs/local-cluster.md');
  // Part of every Debian.
  const essential = ['util-linux', 'tar'];
  for (const { debian } of [...CLUSTER_TOOLS, ...IMAGE_TOOLS])
    if (!essential.includes(debian)) assert.match(text, new RegExp(`[\`\\s]${debian}[\`\\s]`), debian);
});
