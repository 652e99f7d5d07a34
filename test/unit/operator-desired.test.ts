import assert from 'node:assert/strict';
import { test } from 'node:test';
import { desired } from '../../operator/desired/desired.ts';
import { instanceOf } from '../../operator/desired/names.ts';
import { processEnv, SECRET_ENV } from '../../operator/desired/options.ts';
import { loadConfig } from '../../server/config.ts';
import { INSTANCE_PATTERN } from '../../server/contract.ts';
import { stored } from '../support/crd-schema.ts';
import { assertGolden } from '../support/golden.ts';

const CHOICES = { gatewayReplicas: 2, defaultImage: 'example.com/chat:1' };
const FULL = {
  identity: 'kept',
  image: { reference: 'example.com/chat@sha256:00', pullPolicy: 'Always', pullSecrets: [{ name: 'registry' }] },
  gateway: {
    drain: { delaySeconds: 5, timeoutSeconds: 60 },
    resources: { requests: { cpu: 1 }, limits: { memory: '1Gi' } },
    podTemplate: {
      labels: { team: 'a', 'app.kubernetes.io/name': 'not-mine' },
      annotations: { note: 'b' },
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'chat', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
      priorityClassName: 'high',
    },
    logLevel: 'Debug',
    webPage: 'Enabled',
  },
  nats: { urls: ['nats://a:4222', 'nats://b:4222'], credentialsSecretRef: { name: 'nats' } },
  auth: {
    secretRef: { name: 'auth', key: 'hs256' },
    issuer: 'https://id.example.com',
    audience: 'chat',
    developmentSignIn: 'Enabled',
    allowedOrigins: ['https://chat.example.com'],
  },
  service: { type: 'LoadBalancer', port: 443, annotations: { cloud: 'yes' } },
};

test('the children of the smallest ChatCluster are those of the golden file', () => {
  assertGolden('operator/smallest.yaml', desired(stored(), CHOICES));
});

test('the children of a ChatCluster with everything are those of the golden file', () => {
  assertGolden('operator/full.yaml', desired(stored(FULL), { ...CHOICES, gatewayReplicas: 7 }));
});

test('every process accepts the options the operator writes for it', () => {
  for (const spec of [{}, FULL]) {
    const cluster = stored(spec);
    const secrets = {
      [SECRET_ENV.mongodbUri]: 'mongodb://db',
      [SECRET_ENV.authSecret]: 'x'.repeat(32),
      [SECRET_ENV.natsUser]: 'user',
      [SECRET_ENV.natsPassword]: 'password',
    };
    for (const component of ['gateway', 'worker'] as const) {
      const config = loadConfig(component, { ...processEnv(cluster, component), ...secrets });
      assert.equal(config.instance, instanceOf(cluster));
      assert.equal(config.natsUrl, cluster.spec.nats.urls.join(','));
    }
  }
});

test('no ConfigMap and no plain variable carries what belongs into a Secret', () => {
  const secret = new Set<string>(Object.values(SECRET_ENV));
  for (const component of ['gateway', 'worker'] as const)
    for (const name of Object.keys(processEnv(stored(FULL), component))) assert.equal(secret.has(name), false, name);
});

test('the instance is stable, short, and another one for another namespace, name or identity', () => {
  const instance = instanceOf(stored());
  assert.equal(instance, instanceOf(stored({ limits: { maxConnections: 9000 } })));
  assert.match(instanceOf(stored({}, { name: 'a'.repeat(40) })), INSTANCE_PATTERN);
  const others = [
    instanceOf(stored({}, { uid: 'another' })),
    instanceOf(stored({}, { namespace: 'team-b' })),
    instanceOf(stored({}, { name: 'chat2' })),
    instanceOf(stored({ identity: 'kept' })),
  ];
  assert.equal(new Set([instance, ...others]).size, 5);
});

test('a ChatCluster that names the identity of a deleted one takes over its data', () => {
  const deleted = stored();
  const heir = stored({ identity: deleted.metadata.uid }, { uid: 'new' });
  assert.equal(instanceOf(heir), instanceOf(deleted));
});
