import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forecast } from '../../../../tools/demo/forecast.ts';
import { progressOf } from '../../../../tools/local/run.ts';

const NATS = { what: 'NATS', minutes: 1, kept: true };

test('the demo says what it builds, the minutes of each part and of all, and what it has already', () => {
  const image = { what: 'image', minutes: 2, kept: false };
  const text = forecast([[{ what: 'Kubernetes', minutes: 6, kept: false }], [image, image, NATS]]);
  assert.match(text, /^ {2}Kubernetes {2}about 6 min$/m);
  assert.match(text, /^ {2}NATS {8}kept from an earlier run$/m);
  // What is built beside the longer lane takes no time of its own; the start of the cluster does.
  assert.match(text, /about 7 min in all, on two cores/);
});

test('with everything kept there is nothing to build', () => {
  assert.match(forecast([[NATS]]), /nothing is to be built/);
});

test('the progress of a build is the share of its packages, never more than all, and the rest at the pace so far', () => {
  const expected = { lines: 200, unit: 'packages' };
  assert.equal(progressOf(0, expected, 20), '0 of at most 200 packages (0 %)');
  assert.equal(progressOf(50, expected, 60), '50 of at most 200 packages (25 %), about 3 min left');
  assert.match(progressOf(201, expected, 400), /\(100 %\), about 0 min left$/);
  assert.match(progressOf(0, { lines: 0, unit: 'packages' }, 20), /\(0 %\)$/);
});
