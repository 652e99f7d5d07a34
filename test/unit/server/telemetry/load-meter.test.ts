import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoadMeter } from '../../../../server/telemetry/load-meter.ts';

test('deliveries are a rate over the last five seconds, and every number is one from the start', t => {
  const meter = new LoadMeter();
  t.after(() => meter.stop());
  const numbers = () => Object.values(meter.rates);
  assert.deepEqual(numbers(), Array(7).fill(0));
  meter.tick(0);
  assert.ok(numbers().every(Number.isFinite));
  for (let second = 1; second <= 10; second++) {
    meter.delivered(second <= 5 ? 100 : 200);
    meter.tick(second * 1_000);
    assert.ok(numbers().every(Number.isFinite), String(numbers()));
    if (second === 5) assert.equal(meter.rates.deliveriesPerSecond, 100);
  }
  assert.equal(meter.rates.deliveriesPerSecond, 200);
});

test('commands, errors, refusals and the time of publishes are those of the last five seconds', t => {
  const meter = new LoadMeter();
  t.after(() => meter.stop());
  meter.tick(0);
  for (let second = 1; second <= 10; second++) {
    const bad = second <= 5;
    for (let i = 0; i < 20; i++) meter.answered(bad && i < 5);
    for (let i = 0; i < 4; i++) meter.published(bad ? 300 : i);
    if (bad) meter.refused();
    meter.tick(second * 1_000);
    const { commandsPerSecond, errorsPerSecond, publishMs, refusedPerSecond } = meter.rates;
    const seen = [commandsPerSecond, errorsPerSecond, publishMs, refusedPerSecond];
    if (second === 5) assert.deepEqual(seen, [20, 5, 300, 1]);
    if (second === 10) assert.deepEqual(seen, [20, 0, 1.5, 0]);
  }
  for (let second = 11; second <= 15; second++) meter.tick(second * 1_000);
  assert.equal(meter.rates.publishMs, 0);
});

test('refused tokens are errors while they outnumber the accepted ones', t => {
  const meter = new LoadMeter();
  t.after(() => meter.stop());
  meter.tick(0);
  const second = (at: number, accepted: number, invalid: number) => {
    for (let i = 0; i < accepted; i++) meter.tokenChecked(true);
    for (let i = 0; i < invalid; i++) meter.tokenChecked(false);
    meter.tick(at * 1_000);
    return meter.rates.errorsPerSecond;
  };
  assert.equal(second(1, 3, 2), 0, 'some clients have bad tokens');
  assert.equal(second(2, 0, 4), 3, 'everybody is refused');
  assert.equal(second(3, 30, 0), 0, 'the bad ones came together');
});
