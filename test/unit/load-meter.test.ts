import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoadMeter } from '../../server/telemetry/load-meter.ts';

test('deliveries are a rate over the last five seconds, and every number is one from the start', t => {
  const meter = new LoadMeter();
  t.after(() => meter.stop());
  const numbers = () => [meter.deliveriesPerSecond, meter.eventLoopLagMs, meter.cpu];
  assert.deepEqual(numbers(), [0, 0, 0]);
  meter.tick(0);
  assert.ok(numbers().every(Number.isFinite));
  for (let second = 1; second <= 10; second++) {
    meter.delivered(second <= 5 ? 100 : 200);
    meter.tick(second * 1_000);
    assert.ok(numbers().every(Number.isFinite), String(numbers()));
    if (second === 5) assert.equal(meter.deliveriesPerSecond, 100);
  }
  assert.equal(meter.deliveriesPerSecond, 200);
});
