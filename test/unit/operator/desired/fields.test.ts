import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatCluster } from '../../../../operator/api/chat-cluster.ts';
import { desired } from '../../../../operator/desired/desired.ts';
import { FIELDS } from '../../../../operator/desired/options.ts';
import { withDefaults } from '../../../../operator/desired/spec-defaults.ts';
import { OPTIONS, type Option } from '../../../../server/contract/options.ts';
import { sizesOf } from '../../../../tools/simulator/spec-course.ts';
import { crdSchema, type Schema, stored } from '../../../../tools/support/crd-schema.ts';
import { choicesFor } from '../../../support/kube/choices.ts';
import { plansOf } from '../../../support/kube/fleet-scenes.ts';

const SPEC = crdSchema().properties?.['spec'] as Schema;
type Path = readonly string[];

/** Every field that holds a value, by path; `*` stands for the item of a list or map. */
function leaves(schema: Schema, path: Path = []): (readonly [Path, Schema])[] {
  if (schema.properties && Object.keys(schema.properties).length > 0)
    return Object.entries(schema.properties).flatMap(([name, property]) => leaves(property, [...path, name]));
  if (schema.items?.properties) return leaves(schema.items, [...path, '*']);
  return [[path, schema]];
}

function every(schema: Schema, visit: (path: string, schema: Schema) => void, path = 'spec'): void {
  visit(path, schema);
  for (const [name, property] of Object.entries(schema.properties ?? {})) every(property, visit, `${path}.${name}`);
  if (schema.items) every(schema.items, visit, `${path}[]`);
}

/** A value that is valid and neither the default nor what stands there. */
function otherValue(schema: Schema, current: unknown): unknown {
  if (schema.enum) return schema.enum.find(choice => choice !== current);
  if (schema['x-kubernetes-preserve-unknown-fields']) return { nodeAffinity: {} };
  if (schema['x-kubernetes-int-or-string']) return '77%';
  if (schema.type === 'integer') {
    const now = Number(current ?? 0);
    // As far off as the bounds allow: a step of one may be less than the autoscaler rounds to.
    return [now * 2 + 20, now + 15, now + 1].find(next => next <= (schema.maximum ?? next)) ?? now - 1;
  }
  if (schema.type === 'array')
    return ['nats://other:4222', 'https://other.example.com', '10.0.0.0/8'].filter(text =>
      new RegExp(schema.items?.pattern ?? '').test(text),
    );
  if (schema.type === 'object')
    return { other: schema.additionalProperties?.['x-kubernetes-int-or-string'] ? '77' : 'value' };
  return `${typeof current === 'string' ? current : ''}other`;
}

/** A spec in which every optional part is there, so that each field has a place. */
const EVERYTHING = {
  identity: 'first',
  image: { reference: 'example.com/chat:2', pullSecrets: [{ name: 'registry' }] },
  gateway: {
    podTemplate: {
      tolerations: [{ key: 'a', operator: 'Equal', value: 'b', effect: 'NoExecute', tolerationSeconds: 5 }],
    },
  },
  worker: {
    podTemplate: {
      tolerations: [{ key: 'a', operator: 'Equal', value: 'b', effect: 'NoExecute', tolerationSeconds: 5 }],
    },
  },
  nats: { urls: ['nats://nats:4222'], credentialsSecretRef: { name: 'nats' } },
  rooms: { kinds: [{ name: 'channel', access: 'Open', publish: 'Enabled' }] },
};

function set(target: unknown, path: Path, change: (current: unknown) => unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return change(target);
  if (head === '*') return (target as unknown[]).map(item => set(item, rest, change));
  const object = (target ?? {}) as Record<string, unknown>;
  return { ...object, [head]: set(object[head], rest, change) };
}

/**
 * Everything a spec can bring about: objects, which carry the options of the processes, sizes over some hours, and what
 * gateways are told while they drain, roll out or are rebalanced.
 */
function effects(cluster: ChatCluster): string {
  return JSON.stringify([sizesOf(cluster), desired(cluster, choicesFor(cluster)), plansOf(cluster)]);
}

/** Each mode and strategy reads the fields of its own; free places count where the hard limit is near the target. */
const BASES = [
  { gateway: { autoscaling: { mode: 'Builtin' } }, worker: { autoscaling: { mode: 'Builtin' } } },
  { gateway: { autoscaling: { mode: 'Builtin', targetConnections: 5_000 } } },
  { gateway: { autoscaling: { mode: 'Builtin' } }, limits: { maxConnections: 5_000 } },
  { gateway: { autoscaling: { mode: 'Disabled' }, rollout: { strategy: 'Surge', canary: { percent: 10 } } } },
].map(base =>
  stored({
    ...EVERYTHING,
    ...base,
    gateway: { ...EVERYTHING.gateway, ...base.gateway },
    worker: { ...EVERYTHING.worker, ...base.worker },
  }),
);

/** Fields accepted so that older manifests apply; their description says that they have no effect. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set(['gateway.autoscaling.leadSeconds']);

for (const [path, schema] of leaves(SPEC)) {
  if (WITHOUT_EFFECT.has(path.join('.'))) {
    test(`spec.${path.join('.')} says that it has no effect`, () =>
      assert.match(schema.description ?? '', /^Deprecated, without effect: /));
    continue;
  }
  const name = `spec.${path.join('.')}`;
  test(`${name} has an effect`, () => {
    const changed = BASES.some(base => {
      const spec = set(base.spec, path, current => otherValue(schema, current));
      const other = { ...base, spec: withDefaults(spec as object) };
      assert.notDeepEqual(other.spec, base.spec, 'the test did not change the field');
      return effects(base) !== effects(other);
    });
    assert.ok(changed, `${name} changes no object, no option, no size and no plan`);
  });
}

test('every field is explained, every list says how it merges, everything has a bound', () => {
  const missing: string[] = [];
  every(crdSchema().properties?.['spec'] as Schema, (path, schema) => {
    if (!schema.description && !path.endsWith('[]')) missing.push(`${path}: no description`);
    if (schema.type === 'array' && !schema['x-kubernetes-list-type']) missing.push(`${path}: no list type`);
    if (schema.type === 'array' && schema.maxItems === undefined) missing.push(`${path}: no maxItems`);
    if (schema.additionalProperties && schema.maxProperties === undefined) missing.push(`${path}: no maxProperties`);
    if (schema.type === 'string' && !schema.enum && schema.maxLength === undefined)
      missing.push(`${path}: no maxLength`);
    if (schema.type === 'integer' && schema.maximum === undefined && !path.endsWith('.tolerationSeconds'))
      missing.push(`${path}: no maximum`);
    if (schema.type === 'boolean') missing.push(`${path}: an enum reads better than a boolean`);
  });
  every(
    crdSchema().properties?.['status'] as Schema,
    (path, schema) => {
      if (!schema.description && !path.endsWith('[]')) missing.push(`${path}: no description`);
    },
    'status',
  );
  assert.deepEqual(missing, []);
});

test('bounds are those of the options', () => {
  const wrong: string[] = [];
  const byPath = new Map(leaves(SPEC).map(([path, schema]) => [path.join('.'), schema]));
  for (const [path, [name]] of Object.entries(FIELDS)) {
    const option: Option = OPTIONS[name];
    const schema = byPath.get(path);
    if (option.kind === 'integer') {
      const declared = [schema?.minimum, schema?.maximum];
      // Where the process is to decide, the field is left out.
      const expected = [option.automatic ? 1 : option.min, option.max];
      if (declared.join() !== expected.join()) wrong.push(`${path}: ${declared} but the option has ${expected}`);
    }
    if (option.kind === 'choice' && schema?.enum?.toSorted().join() !== option.choices.toSorted().join())
      wrong.push(`${path}: ${schema?.enum}`);
  }
  assert.deepEqual(wrong, []);
});

test('every option a user may want is a field', () => {
  const set = new Set<string>(Object.values(FIELDS).map(([name]) => name));
  const elsewhere = [
    'instance',
    'specVersion',
    'logLevel',
    'natsUser',
    'natsPassword',
    'mongodbUri',
    'authSecret',
    'authPreviousSecret',
  ];
  const fixed = ['processName', 'adminPort', 'port', 'liveDir'];
  const missing = Object.keys(OPTIONS).filter(
    name => !set.has(name) && !elsewhere.includes(name) && !fixed.includes(name),
  );
  assert.deepEqual(missing, []);
});
