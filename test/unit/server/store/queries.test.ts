import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { INDEXES } from '../../../../server/store/indexes.ts';
import { fieldsOf, QUERIES, type Query, SHARD_KEYS } from '../../../../server/store/queries.ts';
import { dataModel } from '../../../support/docs/data-model.ts';
import { assertGenerated } from '../../../support/docs/generated.ts';

const all: readonly (readonly [string, Query])[] = Object.entries(QUERIES);

test('the index of each query has its equal fields first, then its order, then its range', () => {
  for (const [name, query] of all) {
    const used = new Set([
      ...query.equality,
      ...(query.sort ? [query.sort] : []),
      ...(query.range ? [query.range] : []),
    ]);
    assert.ok(used.size > 0, `${name} uses no field of its index`);
    assert.deepEqual([...used], fieldsOf(query).slice(0, used.size), name);
  }
});

test('the filter of each write names the shard key with one value each', () => {
  for (const [name, { collection, does, equality }] of all)
    if (does !== 'read') for (const key of SHARD_KEYS[collection]) assert.ok(equality.includes(key), `${name}: ${key}`);
});

test('each index of a query is built', () => {
  const built = new Set<string>(['_id', ...INDEXES.map(({ name }) => name)]);
  for (const [name, { index }] of all) assert.ok(built.has(index), `${name}: ${index}`);
  for (const { name, key } of INDEXES) assert.deepEqual(Object.keys(key), fieldsOf({ index: name }), name);
});

test('no index is partial, and none of several fields is sparse: that leaves out only documents with none of them', () => {
  for (const index of INDEXES) {
    assert.deepEqual(Object.keys(index).sort(), ['collection', 'key', 'name', 'sparse'], index.name);
    if (index.sparse) assert.equal(Object.keys(index.key).length, 1, index.name);
  }
});

const FOLDER = 'server/store';
const files = readdirSync(FOLDER).filter(file => file !== 'queries.ts');
const sources = files.map(file => ({ file, text: readFileSync(join(FOLDER, file), 'utf8') }));

test('each filter of the store is one of a query', () => {
  const calls = /\.(find|findOne|countDocuments|updateOne|updateMany|replaceOne|deleteOne|deleteMany|aggregate)\(/;
  const known = /^(where\w*\(|\{ \$or \}|filter,|\(|\{ type|[a-z]+ =>)/;
  for (const { file, text } of sources)
    for (const line of text.split('\n')) {
      const at = calls.exec(line);
      const argument = at && line.slice(at.index + at[0].length);
      // A line that ends with a parenthesis has its filter in the next one; arrays have a method `find` too.
      if (argument) assert.match(argument, known, `${file}: ${line.trim()}`);
      const filter = /\bfilter(?:: | = )(.*)$/.exec(line)?.[1];
      if (filter) assert.match(filter, /^(where[<(]|filter\b)/, `${file}: ${line.trim()}`);
    }
});

test('each query is used', () => {
  for (const [name] of all)
    assert.ok(
      sources.some(({ text }) => text.includes(`'${name}'`)),
      `${name} is used by nothing`,
    );
});

test('docs/data-model.md lists every query with its index and its shard key', () => {
  assertGenerated('docs/data-model.md', dataModel());
});
