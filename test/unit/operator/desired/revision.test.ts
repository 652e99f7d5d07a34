import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import type { ChatCluster } from '../../../../operator/api/chat-cluster.ts';
import { RESTART_ANNOTATION } from '../../../../operator/desired/names.ts';
import { FIELDS } from '../../../../operator/desired/options.ts';
import { revisionOf } from '../../../../operator/desired/revision.ts';
import { OPTIONS, RELOADABLE_OPTIONS } from '../../../../server/contract/options.ts';
import { cached, stored } from '../../../../tools/support/crd-schema.ts';

const EXAMPLE = parse(
  readFileSync(join(import.meta.dirname, '../../../../docs/examples/chatcluster.yaml'), 'utf8'),
) as ChatCluster;

test('an upgrade of the operator renames no revision: that of the example and of the smallest one stand', () => {
  const names = [cached(EXAMPLE), stored()].flatMap(cluster => [
    revisionOf(cluster, 'gateway'),
    revisionOf(cluster, 'worker'),
  ]);
  // Another name here rolls every ChatCluster there is: take it only if that is what is wanted.
  assert.deepEqual(names, ['47d05bffcf', '1f0a6c669f', '2c2d659bd5', 'e34a2ffb2e']);
});

const gateway = (spec: object, metadata: object = {}) => revisionOf(stored(spec, metadata), 'gateway');
const worker = (spec: object, metadata: object = {}) => revisionOf(stored(spec, metadata), 'worker');
const BASE = gateway({});

const RUNNING: readonly (readonly [string, object])[] = [
  ['limits', { limits: { maxConnections: 9_000, maxSubscriptions: 64, pingSeconds: 20 } }],
  ['room kinds', { rooms: { kinds: [{ name: 'team', access: 'Claim' }] } }],
  ['the log level', { gateway: { logLevel: 'Debug' } }],
  ['whose tokens count', { auth: { secretRef: { name: 'auth' }, issuer: 'https://id.example.com' } }],
  ['the number of gateways', { gateway: { replicas: 9 } }],
  ['how it scales', { gateway: { autoscaling: { mode: 'Builtin', maxReplicas: 9 } } }],
  ['how it rolls out', { gateway: { rollout: { strategy: 'Surge' }, rebalance: { mode: 'Disabled' } } }],
  ['the rate of reconnects', { gateway: { drain: { reconnectsPerSecond: 7, patienceSeconds: 7 } } }],
  ['the Service', { service: { type: 'LoadBalancer', port: 443 } }],
  ['options of the workers', { worker: { batchMessages: 7, replicas: 3, resources: { requests: { cpu: 2 } } } }],
];
for (const [what, spec] of RUNNING)
  test(`${what} can change without new gateways`, () => {
    assert.equal(gateway(spec), BASE);
  });

const NEW_PODS: readonly (readonly [string, object])[] = [
  ['another image', { image: { reference: 'example.com/chat:2' } }],
  ['another pull policy', { image: { pullPolicy: 'Always' } }],
  ['a pull Secret', { image: { pullSecrets: [{ name: 'registry' }] } }],
  ['resources', { gateway: { resources: { requests: { cpu: 2 } } } }],
  ['a node selector', { gateway: { podTemplate: { nodeSelector: { disk: 'ssd' } } } }],
  ['a label of the pods', { gateway: { podTemplate: { labels: { team: 'a' } } } }],
  ['another Secret', { auth: { secretRef: { name: 'other' } } }],
  ['another key of a Secret', { mongodb: { uriSecretRef: { name: 'mongodb', key: 'other' } } }],
  ['credentials of NATS', { nats: { urls: ['nats://nats:4222'], credentialsSecretRef: { name: 'nats' } } }],
  ['another NATS', { nats: { urls: ['nats://other:4222'] } }],
  ['the grace of a pod', { gateway: { drain: { timeoutSeconds: 99 } } }],
];
test('what only a new pod can take on makes a new revision, another one each', () => {
  const revisions = NEW_PODS.map(([, spec]) => gateway(spec));
  assert.equal(new Set([BASE, ...revisions]).size, NEW_PODS.length + 1, JSON.stringify(revisions));
  for (const revision of revisions) assert.match(revision, /^[0-9a-f]{10}$/);
});

test('the restart annotation makes a new revision of both, each value another one; other annotations none', () => {
  for (const revision of [gateway, worker]) {
    const restarted = ['1', '2'].map(value => revision({}, { annotations: { [RESTART_ANNOTATION]: value } }));
    assert.equal(new Set([revision({}), ...restarted]).size, 3);
    assert.equal(
      revision({}, { annotations: { 'example.com/note': 'x', 'chatcluster.dev/pause': 'All' } }),
      revision({}),
    );
  }
});

test('the generation and the age of a ChatCluster are no part of a revision, although its workers are told them', () => {
  const later = { creationTimestamp: '2026-01-01T00:00:00Z', generation: 9 };
  assert.deepEqual([gateway({}, later), worker({}, later)], [BASE, worker({})]);
});

test('a default that is written out is the same revision', () => {
  const defaults = { image: { pullPolicy: stored().spec.image.pullPolicy }, limits: { maxFrameBytes: 65_536 } };
  assert.equal(gateway(defaults), BASE);
});

test('a gateway gets a new pod for any other value of an option that is not reloadable', () => {
  const started = Object.values(FIELDS).filter(
    ([option]) =>
      !RELOADABLE_OPTIONS.gateway.includes(option) && (OPTIONS[option].for as readonly string[]).includes('gateway'),
  );
  assert.ok(started.length > 4);
  for (const [option] of started) {
    const [path] = Object.entries(FIELDS).find(([, row]) => row[0] === option) ?? [''];
    const [head = '', ...rest] = path.split('.');
    const value = 'choices' in OPTIONS[option] ? 'Enabled' : option === 'natsUrl' ? ['nats://n:4222'] : 7;
    const spec = { [head]: rest.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) };
    const nested = head === 'auth' ? { auth: { secretRef: { name: 'auth' }, ...(spec['auth'] as object) } } : spec;
    assert.notEqual(gateway(nested), BASE, path);
  }
});
