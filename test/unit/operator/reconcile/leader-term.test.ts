import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stored } from '../../../../tools/support/crd-schema.ts';
import { leading } from '../../../support/kube/leading.ts';

const COUNT = 400;

test('however many ChatClusters are to be looked at, answers and timers have their turn in between', async t => {
  const { clock, api, metrics } = await leading(t, async () => ({ connections: 0 }));
  const passes = async () => (await metrics.reconciles.get()).values.reduce((sum, { value }) => sum + value, 0);
  for (let index = 0; index < COUNT; index++)
    api.put({ ...stored({}, { name: `chat-${index}`, namespace: 'a', uid: `uid ${index}` }), kind: 'ChatCluster' });
  let most = 0;
  for (let before = await passes(); before < COUNT; ) {
    await new Promise(resolve => setImmediate(resolve));
    const after = await passes();
    most = Math.max(most, after - before);
    before = after;
  }
  assert.ok(most <= 105, `${most} passes in one turn of the event loop`);
  await clock.passSettling(0);
});
