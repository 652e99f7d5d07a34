import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counter, Histogram, Registry } from 'prom-client';
import { sumOf } from '../../../../tools/support/metrics.ts';

test('a metric without samples is 0, one that is not there is an error: a test of a misspelt one must not pass', async () => {
  const registry = new Registry();
  const registers = [registry];
  const moves = new Counter({ name: 'moves_total', help: 'Moves.', labelNames: ['reason'], registers });
  new Histogram({ name: 'batch', help: 'Batch.', buckets: [1, 5], registers }).observe(3);
  assert.equal(sumOf(await registry.metrics(), 'moves_total'), 0);
  moves.inc({ reason: 'Rebalance' }, 2);
  moves.inc({ reason: 'CutOff' }, 3);
  const text = await registry.metrics();
  assert.equal(sumOf(text, 'moves_total'), 5);
  assert.equal(sumOf(text, 'moves_total', { reason: 'CutOff' }), 3);
  assert.equal(sumOf(text, 'batch_count'), 1);
  for (const name of ['moves', 'move_total', 'moves_total_count_sum'])
    assert.throws(() => sumOf(text, name), /no metric/);
});
