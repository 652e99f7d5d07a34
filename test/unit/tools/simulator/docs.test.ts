import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { plots, published } from '../../../../tools/simulator/rivals.ts';
import { total } from '../../../../tools/simulator/table.ts';

const DOCS = join(import.meta.dirname, '../../../../docs');
const ALL = published();

test('the tables and the plots of docs/scaling.md are those of the simulator', () => {
  const page = readFileSync(join(DOCS, 'scaling.md'), 'utf8');
  for (const [name, table] of Object.entries(ALL.tables))
    assert.ok(page.includes(table), `${name}: run npm run simulate -- --write`);
  for (const [name, plot] of plots(ALL)) {
    const file = `images/scaling-${name}.svg`;
    assert.ok(page.includes(`](${file})`), file);
    assert.equal(readFileSync(join(DOCS, file), 'utf8'), plot, 'run npm run simulate -- --write');
  }
});

test('with a hundredth of the polls lost, six traces cost what the defaults are meant to cost', () => {
  const [learned, fixed] = ALL.summed.map(total);
  assert.ok(fixed && fixed.hours <= 311 && fixed.aboveTarget <= 1_500_000 && fixed.moves <= 82_000);
  assert.ok(learned && learned.hours < 251 && learned.moves <= 100_000);
  assert.deepEqual([fixed.refused, learned.refused, learned.late], [0, 0, 0]);
});
