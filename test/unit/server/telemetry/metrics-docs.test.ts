import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { WorkerMetrics } from '../../../../server/worker/metrics.ts';
import { testMetrics } from '../../../support/chat/test-chat.ts';
import { assertGenerated } from '../../../support/docs/generated.ts';
import { listedIn, metricsPage } from '../../../support/docs/metrics-page.ts';

const gateway = testMetrics().registry;
const worker = new WorkerMetrics().registry;
const FILE = join(import.meta.dirname, '../../../../docs/metrics.md');

test('docs/metrics.md lists every metric of gateways and workers, with its labels and its help', () =>
  assertGenerated(FILE, metricsPage({ gateway, worker })));

test("metrics are named by Prometheus' rules, have a help, and no label for a room or a user", () => {
  const all = [gateway, worker].flatMap(listedIn);
  assert.ok(all.length > 40);
  for (const { name, type, labelNames, help } of all) {
    assert.equal(type === 'counter', name.endsWith('_total'), name);
    assert.match(help, /^[A-Z0-9].*\.$/, name);
    assert.doesNotMatch(name, /_ms$/);
    for (const label of labelNames) assert.match(label, /^(?!room$|user$)[a-z][a-z_]*$/, name);
  }
});
