import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { OPERATOR_OPTIONS } from '../../operator/config.ts';
import { createMetrics } from '../../operator/metrics.ts';

const ROOT = join(import.meta.dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/operator.md'), 'utf8');

test('docs/operator.md names every metric and every setting', async () => {
  const { registry } = createMetrics(() => 0);
  const own = (await registry.getMetricsAsJSON())
    .map(metric => metric.name)
    .filter(name => name.startsWith('chatcluster'));
  const settings = Object.values(OPERATOR_OPTIONS).map(row => row.env);
  assert.ok(own.length > 5);
  assert.deepEqual(
    [...own, ...settings].filter(name => !page.includes(`\`${name}`)),
    [],
  );
});

test('docs/operator.md names every reason of a condition or an Event', () => {
  const reasons = new Set<string>();
  for (const file of globSync('operator/{reconcile,autoscale,controller,fleet}/*.ts', { cwd: ROOT }))
    for (const [, named, said] of readFileSync(join(ROOT, file), 'utf8').matchAll(
      /reason: '([A-Z]\w+)'|(?:not|normal|warning|step)\('([A-Z]\w+)'/g,
    ))
      reasons.add(named ?? said ?? '');
  assert.ok(reasons.size > 10);
  // Becomes Steady in the condition.
  reasons.delete('WindowOpen');
  assert.deepEqual(
    [...reasons].filter(reason => !page.includes(`\`${reason}\``)),
    [],
  );
});
