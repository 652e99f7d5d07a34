import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STATUS_FIELDS, withoutFields } from '../../../../operator/api/status-fields.ts';
import { desired } from '../../../../operator/desired/desired.ts';
import { revisionOf } from '../../../../operator/desired/revision.ts';
import { onlySet, SPEC_DEFAULTS, withDefaults } from '../../../../operator/desired/spec-defaults.ts';
import { OTHER_FIELDS, unknownFields } from '../../../../operator/desired/spec-fields.ts';
import { settingsInForce } from '../../../../operator/report/settings.ts';
import { projectCluster } from '../../../../operator/watch/projections.ts';
import { cached, crdSchema, type Schema, stored } from '../../../../tools/support/crd-schema.ts';
import { seeded } from '../../../../tools/support/random.ts';
import { choicesFor } from '../../../support/kube/choices.ts';

const SPEC = crdSchema().properties?.['spec'] as Schema;

/** The schema at a path of the table. */
function schemaAt(path: string): Schema {
  const found = path
    .split('.')
    .reduce<Schema | undefined>((schema, name) => schema?.properties?.[name] ?? undefined, SPEC);
  assert.ok(found, `the CRD has no field ${path}`);
  return found;
}

const BYTES: readonly (readonly [string, number])[] = [
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
];

/** Wording of a description where the value itself does not read well. */
const WORDS: Readonly<Record<string, string>> = {
  'gateway.autoscaling.behavior.scaleUp.policies': 'doubling or 4 gateways in 15 seconds',
  'gateway.autoscaling.behavior.scaleDown.policies': '10 per cent or 1 gateway in 60 seconds',
  'gateway.resources': 'requests of 100m and 192Mi',
  'worker.resources': 'requests of 100m and 192Mi',
  'rooms.kinds': 'channel, Open',
  'limits.trustedProxies': 'none',
  'auth.allowedOrigins': '*',
};

function inWords(path: string, value: unknown): string[] {
  const words = WORDS[path];
  if (words !== undefined) return [words];
  if (typeof value !== 'number') return [String(value)];
  const large = BYTES.filter(([, size]) => value % size === 0 && value > 0).map(
    ([unit, size]) => `${value / size} ${unit}`,
  );
  return [String(value), value.toLocaleString('en'), ...large];
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

test('the description of each field says its default, which kubectl explain shows', () => {
  const silent = Object.entries(SPEC_DEFAULTS)
    .filter(
      ([path, value]) => !(typeof value === 'object' && Object.keys(value as object).length === 0 && !WORDS[path]),
    )
    .filter(([path, value]) => {
      const said = inWords(path, value).map(escaped).join('|');
      return !new RegExp(`[Dd]efault:? (${said})(?![\\w]|[,.]\\d)`).test(schemaAt(path).description ?? '');
    });
  assert.deepEqual(silent, []);
});

function everyDefault(schema: Schema, path: string): string[] {
  const own = schema.default === undefined ? [] : [`${path}: ${JSON.stringify(schema.default)}`];
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    everyDefault(property, `${path}.${name}`),
  );
  return [...own, ...below, ...(schema.items ? everyDefault(schema.items, `${path}[]`) : [])];
}

test('the API server writes no default into a ChatCluster but the one that /scale reads', () => {
  assert.deepEqual(everyDefault(SPEC, 'spec'), ['spec.gateway: {}', 'spec.gateway.replicas: 2']);
  assert.equal(SPEC_DEFAULTS['gateway.replicas'], 2);
});

test('the rules of the CRD take the defaults of the table for what is left out', () => {
  const rules = SPEC['x-kubernetes-validations']?.map(({ rule }) => rule) ?? [];
  const used = rules.flatMap(rule => [...rule.matchAll(/(?:self|oldSelf)\.\?([\w.?]+)\.orValue\(([^)]*)\)/g)]);
  assert.ok(used.length >= 16);
  for (const [text, path = '', value] of used)
    assert.equal(value, JSON.stringify(SPEC_DEFAULTS[path.replaceAll('?', '')] ?? 0), text);
  // Whatever is read otherwise has to be there: identity alone is not, and asks.
  for (const rule of rules) assert.match(rule, /^(self|has\(self\.identity\))/);
  assert.deepEqual(
    rules.filter(rule => /\b(self|oldSelf)\.(?!\?|identity\b)/.test(rule)),
    [],
  );
});

function paths(schema: Schema, path: readonly string[] = []): string[] {
  const below = Object.entries(schema.properties ?? {});
  return below.length === 0 ? [path.join('.')] : below.flatMap(([name, property]) => paths(property, [...path, name]));
}

test('every field has a default or is in the list of those without, and the operator looks for each in the CRD', () => {
  const known = new Set([...Object.keys(SPEC_DEFAULTS), ...OTHER_FIELDS]);
  assert.deepEqual(
    paths(SPEC).filter(path => !known.has(path)),
    [],
  );
  assert.deepEqual(unknownFields(crdSchema()), []);
});

test('a CRD that lacks fields is found out, whichever they are', () => {
  const { gateway, service, ...rest } = SPEC.properties ?? {};
  const { rollout: _, ...older } = gateway?.properties ?? {};
  const spec = { properties: { ...rest, gateway: { properties: older } } };
  const { status = {} } = crdSchema().properties ?? {};
  const unknown = unknownFields({ properties: { spec, status } });
  assert.ok(service);
  assert.ok(unknown.includes('spec.gateway.rollout.strategy') && unknown.includes('spec.service.ipFamilies'));
  assert.deepEqual(
    unknown.filter(path => !/^spec\.(service|gateway\.rollout)\./.test(path)),
    [],
  );
  const verdict = settingsInForce({}, undefined, undefined, unknown);
  assert.deepEqual([verdict.status, verdict.reason], ['False', 'CRDOutdated']);
  assert.match(
    verdict.message,
    /^the CRD in the cluster does not know spec\.gateway\.rollout\.[.\w]+, .* and \d+ more/,
  );
});

/** Every path at which a schema says what a value is. */
function leaves(schema: Schema, path = ''): string[] {
  const below = Object.entries(schema.properties ?? {});
  if (schema.items) return leaves(schema.items, `${path}[]`);
  return below.length === 0
    ? [path]
    : below.flatMap(([name, property]) => leaves(property, path === '' ? name : `${path}.${name}`));
}

test('the status has in the CRD exactly the fields the operator writes, each of which it looks for there', () => {
  const status = crdSchema().properties?.['status'];
  assert.ok(status);
  assert.deepEqual(leaves(status).sort(), [...STATUS_FIELDS].sort());
  const { gateways, conditions, ...rest } = status.properties ?? {};
  const { connections: _, ...counts } = gateways?.properties ?? {};
  const { reason: __, ...condition } = conditions?.items?.properties ?? {};
  const older = {
    ...rest,
    gateways: { properties: counts },
    conditions: { items: { properties: condition } },
  };
  const unknown = unknownFields({ properties: { spec: SPEC, status: { properties: older } } });
  assert.deepEqual(unknown, ['status.conditions[].reason', 'status.gateways.connections']);
  assert.equal(unknownFields({ properties: { spec: SPEC } }).length, STATUS_FIELDS.length);
});

test('a status is left without what the CRD does not know, and without what is empty then', () => {
  const condition = { type: 'Ready', status: 'True', lastTransitionTime: '', reason: 'AllReady', message: '' } as const;
  const whole = {
    instance: 'chat',
    gateways: { replicas: 2, readyReplicas: 2, desiredReplicas: 2, connections: 7 },
    workers: { replicas: 1, readyReplicas: 1 },
    conditions: [condition],
  };
  const { connections: _, ...gateways } = whole.gateways;
  const { message: __, ...rest } = condition;
  const unknown = ['gateways.connections', 'workers.replicas', 'workers.readyReplicas', 'conditions[].message'];
  assert.deepEqual(
    withoutFields(
      whole,
      unknown.map(path => `status.${path}`),
    ),
    { instance: 'chat', gateways, conditions: [rest] },
  );
  const ofConditions = STATUS_FIELDS.filter(path => path.startsWith('conditions')).map(path => `status.${path}`);
  assert.equal('conditions' in withoutFields(whole, ofConditions), false);
  assert.deepEqual(withoutFields(whole, []), whole);
});

const SMALLEST = {
  nats: { urls: ['nats://nats:4222'] },
  mongodb: { uriSecretRef: { name: 'mongodb' } },
  auth: { secretRef: { name: 'auth' } },
};

/** `given` without some of its fields, those of `least` apart. */
function thinned(given: object, least: object, random: () => number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => {
      const needed = (least as Record<string, unknown>)[name];
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
      if (isObject && (needed !== undefined || random() < 0.8))
        return [[name, thinned(value, (needed ?? {}) as object, random)]];
      return needed !== undefined || random() < 0.5 ? [[name, value]] : [];
    }),
  );
}

const METADATA = { name: 'chat', namespace: 'team-a', uid: 'one', generation: 1 };
const raw = (spec: object) => ({
  apiVersion: 'chatcluster.dev/v1alpha1',
  kind: 'ChatCluster',
  metadata: METADATA,
  spec,
});

test('an object that any fields were left out of is whole in the cache, and everything can be made of it', () => {
  const { gateway, worker, ...rest } = stored().spec;
  // The resources count as a whole: what is left out of them is meant.
  const full = { ...rest, gateway: { ...gateway, resources: {} }, worker: { ...worker, resources: {} } };
  const random = seeded(12);
  for (let round = 0; round < 300; round++) {
    const spec = thinned(full, SMALLEST, random);
    const cluster = projectCluster(raw(spec));
    const made = desired(cluster, choicesFor(cluster));
    assert.doesNotMatch(JSON.stringify(made), /undefined|NaN|\[object/, JSON.stringify(spec));
    const { resources: _, ...ofGateway } = cluster.spec.gateway;
    const { resources: __, ...expected } = gateway;
    assert.deepEqual(ofGateway, expected, JSON.stringify(spec));
    assert.deepEqual(cluster.spec.limits, rest.limits);
  }
});

test('a null is as good as nothing, and what is written stays', () => {
  const spec = {
    ...SMALLEST,
    gateway: { replicas: 7, drain: null },
    service: null,
    worker: { resources: { limits: {} } },
  };
  const whole = withDefaults(spec);
  assert.equal(whole.gateway.replicas, 7);
  assert.equal(whole.gateway.drain.timeoutSeconds, 20);
  assert.equal(whole.service.port, 80);
  assert.deepEqual(whole.worker.resources, { limits: {} });
  assert.equal('credentialsSecretRef' in whole.nats, false);
  assert.deepEqual(spec.gateway, { replicas: 7, drain: null });
});

test('an object in which all defaults were persisted is the same revision as one without, and makes the same children', () => {
  const persisted = stored();
  const bare = projectCluster(raw(SMALLEST));
  const kept = cached({ ...bare, spec: structuredClone(persisted.spec) });
  for (const component of ['gateway', 'worker'] as const)
    assert.equal(revisionOf(kept, component), revisionOf(bare, component));
  assert.deepEqual(desired(kept, choicesFor(kept)), desired(bare, choicesFor(bare)));
});

test('a field of podTemplate that gets a default rolls nobody: what equals it is no part of the revision', () => {
  const table = { 'gateway.podTemplate.newField': { some: 'thing' } };
  const given = { nodeSelector: { disk: 'ssd' }, newField: { some: 'thing' } };
  assert.deepEqual(onlySet(given, 'gateway.podTemplate', table), { nodeSelector: { disk: 'ssd' } });
  assert.deepEqual(onlySet({ newField: 'other' }, 'gateway.podTemplate', table), { newField: 'other' });
});
