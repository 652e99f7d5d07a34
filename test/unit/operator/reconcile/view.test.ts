import assert from 'node:assert/strict';
import { test } from 'node:test';
import { revisionOf } from '../../../../operator/desired/revision.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import {
  clientService,
  gatewayDeployment,
  gatewayPod,
  loadOf,
  type Scene,
  see,
} from '../../../support/kube/fleet-objects.ts';

const cluster = stored();
const FRESH = revisionOf(cluster, 'gateway');
const OLD = 'aaaaaaaaaa';

/** A rollout whose new gateway refuses half of what it is asked. */
const failing = (since: number, now: number): Scene => ({
  cluster,
  children: [
    gatewayDeployment(cluster, OLD, { replicas: 1 }),
    gatewayDeployment(cluster, FRESH, { replicas: 1 }),
    clientService(cluster, FRESH),
  ],
  pods: [gatewayPod('old', OLD), gatewayPod('new', FRESH)],
  loads: [loadOf('old', { connections: 10 }), loadOf('new', { commandsPerSecond: 10, errorsPerSecond: 5 })],
  offered: ['new'],
  failingSince: since,
  now,
});

test('a new revision that fails holds the rollout at once, and stops it when it goes on failing', () => {
  const first = see(failing(100_000, 100_000));
  assert.match(first.hold, /fail at the new revision/);
  assert.equal(first.unhealthy, '');
  const later = see(failing(100_000, 110_000));
  assert.equal(later.hold, '');
  assert.match(later.unhealthy, /fail at the new revision/);
});

test('a hold for another reason is told instead', () => {
  const paused = { ...cluster, metadata: { ...cluster.metadata, annotations: { 'chatcluster.dev/pause': 'All' } } };
  assert.equal(see({ ...failing(100_000, 110_000), cluster: paused }).hold, 'paused by annotation');
});

test('a person who wants the new revision all the same is not asked again', () => {
  const annotations = (value: string) => ({
    ...cluster,
    metadata: { ...cluster.metadata, annotations: { 'chatcluster.dev/continue': value } },
  });
  const seen = see({ ...failing(100_000, 110_000), cluster: annotations(FRESH) });
  assert.deepEqual([seen.hold, seen.unhealthy], ['', '']);
  assert.match(see({ ...failing(100_000, 110_000), cluster: annotations('another') }).unhealthy, /fail at the new/);
});
