import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { loadOperatorConfig, OPERATOR_OPTIONS } from '../../operator/config.ts';
import { clusterBinaries } from '../../tools/cluster/binaries.ts';
import { renderChart, renderRelease } from '../support/kube/chat-operator.ts';

const ROOT = join(import.meta.dirname, '../..');
const CHART = join(ROOT, 'charts/chatcluster');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}
interface Role extends KubeObject {
  readonly rules: readonly Rule[];
}
interface Deployment extends KubeObject {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly image: string;
          readonly env: readonly { readonly name: string; readonly value?: string }[];
        }[];
      };
    };
  };
}

const ofKind = <T extends KubeObject>(objects: readonly KubeObject[], kind: string) =>
  objects.filter(object => object.kind === kind) as T[];
const operatorRole = (objects: readonly KubeObject[], kind: string) =>
  ofKind<Role>(objects, kind).find(role => role.metadata.name === 'test-chatcluster');

test('the chart is accepted by helm lint', async () => {
  const helm = join(await clusterBinaries(), 'helm');
  await promisify(execFile)(helm, ['lint', '--strict', CHART]);
});

test("the chart's CRD is crds/chatclusters.yaml, kept on uninstall, and can be left out", async () => {
  const [crd] = ofKind(await renderChart(), 'CustomResourceDefinition');
  const source = parse(read('crds/chatclusters.yaml')) as KubeObject;
  assert.deepEqual(crd, {
    ...source,
    metadata: { ...source.metadata, annotations: { 'helm.sh/resource-policy': 'keep' } },
  });
  const without = await renderChart('--set', 'crds.enabled=false');
  assert.deepEqual(ofKind(without, 'CustomResourceDefinition'), []);
});

test('the operator has no right on Secrets, none on everything, and writes no ChatCluster but its status', async () => {
  const rules = operatorRole(await renderChart(), 'ClusterRole')?.rules ?? [];
  assert.ok(rules.length > 0);
  for (const { apiGroups, resources, verbs } of rules) {
    for (const word of [...apiGroups, ...resources, ...verbs]) assert.notEqual(word, '*');
    assert.ok(!resources.includes('secrets'));
    if (resources.includes('chatclusters')) assert.deepEqual(verbs, ['get', 'list', 'watch']);
  }
});

test('with watchNamespace the rights end at that namespace', async () => {
  const objects = await renderChart('--set', 'watchNamespace=team-a');
  assert.equal(operatorRole(objects, 'ClusterRole'), undefined);
  assert.equal(operatorRole(objects, 'Role')?.metadata.namespace, 'team-a');
  assert.deepEqual(
    ofKind(objects, 'ClusterRoleBinding').map(binding => binding.metadata.name),
    [],
  );
});

test('nodes are seen in all namespaces, or by a right of their own', async () => {
  const nodes = async (...args: string[]) => {
    const roles = ofKind<Role>(await renderChart(...args), 'ClusterRole');
    return roles.flatMap(role => role.rules).filter(({ resources }) => resources.includes('nodes'));
  };
  const rights = [{ apiGroups: [''], resources: ['nodes'], verbs: ['list', 'watch'] }];
  assert.deepEqual(await nodes(), rights);
  assert.deepEqual(await nodes('--set', 'watchNamespace=team-a'), []);
  assert.deepEqual(await nodes('--set', 'watchNodes=Disabled'), []);
  const objects = ['--set', 'watchNamespace=team-a,watchNodes=Enabled'];
  assert.deepEqual(await nodes(...objects), rights);
  assert.deepEqual(
    ofKind(await renderChart(...objects), 'ClusterRoleBinding').map(binding => binding.metadata.name),
    ['test-chatcluster-nodes'],
  );
});

test("the Lease is the release's own, in its namespace", async () => {
  const objects = await renderChart('--namespace', 'chat-system', '--set', 'watchNamespace=team-a');
  const role = ofKind<Role & { rules: { resourceNames?: string[] }[] }>(objects, 'Role').find(({ rules }) =>
    rules.some(({ resources }) => resources.includes('leases')),
  );
  assert.equal(role?.metadata.namespace, 'chat-system');
  const [known, created] = role?.rules ?? [];
  assert.deepEqual([known?.resourceNames, known?.verbs], [['test-chatcluster'], ['get', 'update']]);
  assert.deepEqual([created?.resourceNames, created?.verbs], [undefined, ['create']]);
  const [deployment] = ofKind<Deployment>(objects, 'Deployment');
  const name = deployment?.spec.template.spec.containers[0]?.env.find(row => row.name === 'OPERATOR_LEASE_NAME');
  assert.equal(name?.value, 'test-chatcluster');
});

test('two operators by default, evicted one at a time, on nodes of their own where possible', async () => {
  const objects = await renderChart();
  const [deployment] = ofKind<KubeObject & { spec: Record<string, unknown> }>(objects, 'Deployment');
  assert.equal(deployment?.spec['replicas'], 2);
  assert.deepEqual(deployment?.spec['strategy'], {
    type: 'RollingUpdate',
    rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
  });
  const selector = { 'app.kubernetes.io/name': 'chatcluster-operator', 'app.kubernetes.io/instance': 'test' };
  const [budget] = ofKind<KubeObject & { spec: object }>(objects, 'PodDisruptionBudget');
  assert.deepEqual(budget?.spec, {
    maxUnavailable: 1,
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
    selector: { matchLabels: selector },
  });
  const { topologySpreadConstraints } = (deployment.spec['template'] as { spec: Record<string, unknown> }).spec;
  assert.deepEqual(topologySpreadConstraints, [
    {
      topologyKey: 'kubernetes.io/hostname',
      maxSkew: 1,
      whenUnsatisfiable: 'ScheduleAnyway',
      matchLabelKeys: ['pod-template-hash'],
      labelSelector: { matchLabels: selector },
    },
  ]);
});

test('the operator accepts the variables the chart sets', async () => {
  const [deployment] = ofKind<Deployment>(
    await renderChart('--set', 'watchNamespace=team-a,image.repository=example.com/chat,image.tag=v2,pollSeconds=7'),
    'Deployment',
  );
  const container = deployment?.spec.template.spec.containers[0];
  const env = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value ?? 'from-a-field']));
  const config = loadOperatorConfig(env);
  assert.equal(container?.image, 'example.com/chat:v2');
  assert.deepEqual([config.namespace, config.defaultImage, config.pollSeconds], ['team-a', 'example.com/chat:v2', 7]);
  const settable = Object.values(OPERATOR_OPTIONS).map(row => row.env);
  assert.deepEqual(
    settable.filter(name => !(name in env)),
    ['OPERATOR_ADMIN_PORT'],
  );
});

const BAD = [
  'logLevel=loud',
  'pollSeconds=0',
  'replicas=0',
  'leaderElection.renewSeconds=1',
  'image.digest=latest',
  'metrics.port=0',
  'image.repository=Registry.example.com/Chat',
  'image.tag=v 1',
  'chatImage=Chat',
];
for (const value of BAD)
  test(`the value ${value} is refused by the schema, naming it`, async () => {
    const field = value.split('=')[0]?.replace('.', '/') ?? '';
    const last = field.split('/').at(-1) ?? '';
    await assert.rejects(
      renderChart('--set', value),
      ({ message }: Error) => message.includes(field) || message.includes(`'${last}'`),
    );
  });

interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** The value each option of the operator is set by; the others are set by fields of the pod, or by names of the release. */
const VALUES: Partial<Record<keyof typeof OPERATOR_OPTIONS, string>> = {
  namespace: 'watchNamespace',
  defaultImage: 'chatImage',
  logLevel: 'logLevel',
  pollSeconds: 'pollSeconds',
  concurrency: 'concurrency',
  rewritesPerSecond: 'rewritesPerSecond',
  leaseSeconds: 'leaderElection.leaseSeconds',
  leaseRenewSeconds: 'leaderElection.renewSeconds',
  leaseRetrySeconds: 'leaderElection.retrySeconds',
};
const FROM_ELSEWHERE = ['watchNodes', 'adminPort', 'instance', 'leaseNamespace', 'leaseName'];
const CANDIDATES = [
  ...Array.from({ length: 130 }, (_, at) => String(at - 2)),
  ...[
    '',
    'a',
    'team-a',
    '-a',
    'a-',
    'a.b',
    'A',
    'a b',
    'a'.repeat(63),
    'a'.repeat(64),
    'a'.repeat(512),
    'a'.repeat(513),
  ],
  ...['debug', 'info', 'warn', 'error', 'loud', 'example.com/chat:1', 'example.com/chat@sha256:0', '1.5', '1e1'],
];

function accepts({ type, enum: words, pattern = '', minimum = 0, maximum = 0 }: Schema, text: string): boolean {
  if (words) return words.includes(text);
  if (type !== 'integer') return new RegExp(pattern, 'u').test(text);
  return /^-?[0-9]+$/.test(text) && Number(text) >= minimum && Number(text) <= maximum;
}

test('the schema of the values accepts what the operator accepts, and nothing else', () => {
  const schema = JSON.parse(read('charts/chatcluster/values.schema.json')) as Schema;
  assert.deepEqual(
    Object.keys(OPERATOR_OPTIONS).filter(name => !(name in VALUES)),
    FROM_ELSEWHERE,
  );
  for (const [name, path] of Object.entries(VALUES)) {
    const { pattern, ...row } = OPERATOR_OPTIONS[name as keyof typeof VALUES];
    const of = path.split('.').reduce<Schema | undefined>((at, key) => at?.properties?.[key], schema);
    assert.ok(of, path);
    // Left empty, the image is the chart's own.
    const isEmpty = (text: string) => text === '' && path === 'chatImage';
    for (const text of CANDIDATES)
      assert.equal(accepts(of, text), pattern.test(text) || isEmpty(text), `${path}=${text} (${row.env})`);
  }
});

for (const [values, said] of [
  [
    'leaderElection.leaseSeconds=5',
    'leaderElection.renewSeconds (7) must be less than leaderElection.leaseSeconds (5)',
  ],
  [
    'leaderElection.renewSeconds=3',
    'leaderElection.retrySeconds (2) must be at most half of leaderElection.renewSeconds (3)',
  ],
] as const)
  test(`values that do not fit together are refused before anything is installed: ${values}`, async () => {
    await assert.rejects(renderChart('--set', values), ({ message }: Error) => message.includes(said));
  });

test('every time the chart accepts for the election is one the operator accepts', async () => {
  const values = 'leaderElection.leaseSeconds=60,leaderElection.renewSeconds=58,leaderElection.retrySeconds=29';
  const [deployment] = ofKind<Deployment>(await renderChart('--set', values), 'Deployment');
  const env = deployment?.spec.template.spec.containers[0]?.env ?? [];
  const { lease } = loadOperatorConfig(Object.fromEntries(env.map(({ name, value }) => [name, value ?? 'field'])));
  assert.deepEqual(lease.timings, { durationMs: 60_000, renewMs: 58_000, retryMs: 29_000 });
});

test('a release may have dots in its name', async () => {
  const objects = await renderRelease('chat.prod');
  assert.deepEqual(
    objects.filter(({ kind, metadata }) => kind !== 'CustomResourceDefinition' && metadata.name.includes('.')),
    [],
  );
  const [deployment] = ofKind<Deployment>(objects, 'Deployment');
  const env = deployment?.spec.template.spec.containers[0]?.env ?? [];
  loadOperatorConfig(Object.fromEntries(env.map(({ name, value }) => [name, value ?? 'field'])));
});

test('an operator that is not ready can be scraped, and one that ended says why', async () => {
  const objects = await renderChart();
  const [service] = ofKind<KubeObject & { spec: Record<string, unknown> }>(objects, 'Service');
  assert.equal(service?.spec['publishNotReadyAddresses'], true);
  const [deployment] = ofKind<Deployment>(objects, 'Deployment');
  const container = deployment?.spec.template.spec.containers[0] as { terminationMessagePolicy?: string } | undefined;
  assert.equal(container?.terminationMessagePolicy, 'FallbackToLogsOnError');
});

/** Names of all values, with dots. */
function names(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  const entries = Object.entries(value);
  return entries.length === 0
    ? [path]
    : entries.flatMap(([key, below]) => names(below, path === '' ? key : `${path}.${key}`));
}

test("the chart's README lists every value with its default", () => {
  const readme = read('charts/chatcluster/README.md');
  const values = parse(read('charts/chatcluster/values.yaml')) as Record<string, unknown>;
  const rows = [...readme.matchAll(/^\| `([^`]+)` \| `([^`]*)` \|/gm)].map(([, name, preset]) => `${name} = ${preset}`);
  const expected = names(values).map(name => {
    const preset = name.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], values);
    return `${name} = ${JSON.stringify(preset)}`;
  });
  assert.deepEqual(rows, expected);
});
