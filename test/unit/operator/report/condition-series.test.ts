import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../../../operator/process/metrics.ts';
import { ConditionSeries } from '../../../../operator/report/condition-series.ts';

const condition = (type: string, status: 'True' | 'False' | 'Unknown', reason: string) => ({ type, status, reason });

function shown() {
  const metrics = createMetrics();
  const read = async () => {
    const { values } = await metrics.conditions.get();
    return values.map(({ labels, value }) => `${Object.values(labels).join(' ')} ${value}`).sort();
  };
  return { series: new ConditionSeries(metrics), read };
}

test('of each condition there is the one series that holds', async () => {
  const { series, read } = shown();
  series.show('team/chat', [
    condition('Ready', 'False', 'WorkersNotReady'),
    condition('StoreReachable', 'True', 'Reachable'),
  ]);
  series.show('team/other', [condition('Ready', 'True', 'Working')]);
  series.show('team/chat', [condition('Ready', 'True', 'Working'), condition('StoreReachable', 'True', 'Reachable')]);
  assert.deepEqual(await read(), [
    'team chat Ready True Working 1',
    'team chat StoreReachable True Reachable 1',
    'team other Ready True Working 1',
  ]);
  series.show('team/chat', [condition('Ready', 'True', 'Working')]);
  assert.deepEqual(await read(), ['team chat Ready True Working 1', 'team other Ready True Working 1']);
});

test('a ChatCluster that is gone has none', async () => {
  const { series, read } = shown();
  series.show('team/chat', [condition('Ready', 'True', 'Working')]);
  series.show('team/other', [condition('Ready', 'True', 'Working')]);
  series.forget('team/chat');
  assert.deepEqual(await read(), ['team other Ready True Working 1']);
});
