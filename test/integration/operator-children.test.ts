import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ChatCluster } from '../../operator/api/chat-cluster.ts';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { ApiError } from '../../operator/kube/api-error.ts';
import { RESOURCES, type Resource } from '../../operator/kube/resources.ts';
import type { Operator } from '../../operator/operator.ts';
import { until } from '../../tools/support/until.ts';
import { type ApiServer, startApiServer } from '../support/kube/api-server.ts';
import { chatCluster, installChart, requests, runOperator } from '../support/kube/chat-operator.ts';

let api: ApiServer;
let operator: Operator;
const ends: (() => unknown)[] = [];
const suite = { after: (end: () => unknown) => void ends.unshift(end) } as Parameters<typeof runOperator>[0];

before(async () => {
  api = await startApiServer(suite);
  await installChart(api);
  operator = await runOperator(suite, api);
});
after(async () => {
  for (const end of ends) await end();
});

async function find<T = KubeObject>(resource: Resource, name: string): Promise<T | undefined> {
  try {
    return await api.client.get<T>(resource, 'default', name);
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return undefined;
    throw error;
  }
}

interface Deployment extends KubeObject {
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly metadata: { readonly labels: Record<string, string>; readonly annotations: Record<string, string> };
      readonly spec: {
        readonly containers: readonly {
          readonly image: string;
          readonly env: readonly { name: string }[];
          readonly envFrom?: readonly { readonly configMapRef: { readonly name: string } }[];
        }[];
      };
    };
  };
}
const CHILDREN: readonly (readonly [Resource, string])[] = [
  [RESOURCES.serviceAccounts, ''],
  [RESOURCES.services, ''],
  [RESOURCES.services, '-gateways'],
  [RESOURCES.configMaps, '-gateway'],
  [RESOURCES.deployments, '-worker'],
];

/** The Deployments of its gateways, one a revision. */
async function gatewaysOf(name: string): Promise<Deployment[]> {
  const labelSelector = `chatcluster.dev/cluster=${name},chatcluster.dev/revision`;
  return [...(await api.client.list<Deployment>(RESOURCES.deployments, 'default', { labelSelector })).items];
}

/** Name of the ConfigMap its workers start with. */
async function optionsOf(name: string): Promise<string> {
  const workers = await find<Deployment>(RESOURCES.deployments, `${name}-worker`);
  return workers?.spec.template.spec.containers[0]?.envFrom?.[0]?.configMapRef.name ?? '';
}

/** Makes a ChatCluster and waits for its children and a status. */
async function settled(name: string, spec: object = {}): Promise<ChatCluster> {
  await api.client.create(RESOURCES.chatClusters, chatCluster(name, spec));
  return await until(`${name} has all children and a status`, async () => {
    for (const [resource, suffix] of CHILDREN) if (!(await find(resource, name + suffix))) return undefined;
    if ((await gatewaysOf(name)).length === 0) return undefined;
    const cluster = await find<ChatCluster>(RESOURCES.chatClusters, name);
    return cluster?.status?.observedGeneration === cluster?.metadata.generation && cluster?.status
      ? cluster
      : undefined;
  });
}

/** Waits until the operator has written nothing for five rounds of its probes: without pods a round asks nobody, and is not counted. */
async function quiet(): Promise<void> {
  let last = -1;
  let since = performance.now();
  await until('the operator is quiet', async () => {
    const { apply = 0, patch = 0, create = 0, delete: gone = 0 } = await requests(operator);
    const writes = apply + patch + create + gone;
    if (writes !== last) since = performance.now();
    last = writes;
    return performance.now() - since > 5_000;
  });
}

test('a ChatCluster gets its children, with the rights of the chart and owned by it', async () => {
  const cluster = await settled('made');
  for (const [resource, suffix] of CHILDREN) {
    const child = await find(resource, `made${suffix}`);
    assert.equal(child?.metadata.ownerReferences?.[0]?.uid, cluster.metadata.uid, `${resource.kind} made${suffix}`);
  }
  const [gateways, ...more] = await gatewaysOf('made');
  assert.equal(gateways?.metadata.ownerReferences?.[0]?.uid, cluster.metadata.uid);
  assert.deepEqual(more, []);
  const revision = gateways?.metadata.labels?.['chatcluster.dev/revision'];
  assert.equal(gateways?.metadata.name, `made-gateway-${revision}`);
  const service = await find<{ spec: { selector: Record<string, string> } }>(RESOURCES.services, 'made');
  assert.equal(service?.spec.selector['chatcluster.dev/revision'], revision);
  assert.equal(cluster.status?.gateways?.revision, revision);
  assert.equal(cluster.status?.identity, cluster.metadata.uid);
  assert.equal(cluster.status?.image, 'example.com/chat:1');
  const conditions = Object.fromEntries((cluster.status?.conditions ?? []).map(({ type, status }) => [type, status]));
  assert.deepEqual(conditions, {
    Ready: 'False',
    GatewaysAvailable: 'False',
    Progressing: 'True',
    RolledOut: 'False',
    MessagingReachable: 'Unknown',
    StoreReachable: 'Unknown',
    StreamsHaveRoom: 'Unknown',
    Durable: 'Unknown',
    FeaturesOffered: 'Unknown',
    ScalingActive: 'False',
    PodsStable: 'True',
    ChildrenAsWritten: 'True',
    TemplatesCurrent: 'True',
    SettingsInForce: 'True',
  });
});

test('an edited, an added and a deleted part of a child come back', async () => {
  await settled('drift', { gateway: { replicas: 3 }, limits: { pingSeconds: 20 } });
  const [original] = await gatewaysOf('drift');
  const { name } = original?.metadata ?? { name: '' };
  const container = original?.spec.template.spec.containers[0];
  assert.ok(container);
  await api.client.patch(RESOURCES.deployments, 'default', name, [
    { op: 'replace', path: '/spec/replicas', value: 9 },
    { op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'example.com/other:2' },
    { op: 'remove', path: '/spec/template/spec/containers/0/env/0' },
    { op: 'add', path: '/spec/template/spec/containers/0/env/-', value: { name: 'CHAT_ADDED', value: '1' } },
    { op: 'add', path: '/spec/template/metadata/labels/added', value: 'here' },
    { op: 'add', path: '/spec/template/metadata/annotations/added', value: 'here' },
    { op: 'add', path: '/spec/template/spec/hostNetwork', value: true },
  ]);
  await api.client.patch(RESOURCES.configMaps, 'default', 'drift-gateway', {
    data: { CHAT_ADDED: '1', CHAT_PING_SECONDS: '9' },
  });
  await api.client.patch(RESOURCES.services, 'default', 'drift', { spec: { selector: { added: 'here' } } });
  await api.client.delete((await find(RESOURCES.services, 'drift-gateways')) as KubeObject);

  // Without its label the watches do not show it any more.
  const options = await optionsOf('drift');
  await api.client.patch(RESOURCES.configMaps, 'default', options, {
    metadata: { labels: { 'chatcluster.dev/cluster': null } },
  });

  await until('everything is as it was', async () => {
    const deployment = await find<Deployment>(RESOURCES.deployments, name);
    const now = deployment?.spec.template.spec.containers[0];
    const { data } = (await find<{ data: Record<string, string> }>(RESOURCES.configMaps, 'drift-gateway')) ?? {};
    const service = await find<{ spec: { selector: Record<string, string> } }>(RESOURCES.services, 'drift');
    return (
      deployment?.spec.replicas === 3 &&
      now?.image === container.image &&
      JSON.stringify(now.env.map(variable => variable.name).sort()) ===
        JSON.stringify(container.env.map(variable => variable.name).sort()) &&
      !('added' in deployment.spec.template.metadata.labels) &&
      deployment.spec.template.metadata.annotations['added'] === undefined &&
      !('hostNetwork' in deployment.spec.template.spec) &&
      data?.['CHAT_ADDED'] === undefined &&
      data?.['CHAT_PING_SECONDS'] === '20' &&
      !('added' in (service?.spec.selector ?? { added: '' })) &&
      (await find(RESOURCES.services, 'drift-gateways')) !== undefined &&
      (await find(RESOURCES.configMaps, options))?.metadata.labels?.['chatcluster.dev/cluster'] === 'drift'
    );
  });
  const repairs = await operator.metrics.repairs.get();
  assert.ok(repairs.values.some(({ labels, value }) => labels.kind === 'Deployment' && value > 0));
});

test('nothing is written when nothing changes', async () => {
  await settled('idle', {
    gateway: { resources: { requests: { cpu: '1000m', memory: '1024Mi' }, limits: { cpu: 2 } } },
  });
  await quiet();
});

test('a field that leaves the spec leaves the child', async () => {
  await settled('left', { worker: { podTemplate: { nodeSelector: { disk: 'ssd' } } } });
  type WithSelector = { spec: { template: { spec: { nodeSelector?: Record<string, string> } } } };
  const selector = async () =>
    (await find<WithSelector>(RESOURCES.deployments, 'left-worker'))?.spec.template.spec.nodeSelector;
  assert.deepEqual(await selector(), { disk: 'ssd' });
  await api.client.patch(RESOURCES.chatClusters, 'default', 'left', { spec: { worker: { podTemplate: null } } });
  await until('the node selector is gone', async () => (await selector()) === undefined);
});

test('an option that gateways take on while they run changes their ConfigMap and no Deployment', async () => {
  await settled('live');
  const templates = async () => {
    const worker = await find<Deployment>(RESOURCES.deployments, 'live-worker');
    return [worker, ...(await gatewaysOf('live'))].map(deployment => [
      deployment?.metadata.name,
      deployment?.metadata.generation,
    ]);
  };
  const before = await templates();
  await api.client.patch(RESOURCES.chatClusters, 'default', 'live', { spec: { limits: { maxSubscriptions: 64 } } });
  await until('the ConfigMap has it', async () => {
    const map = await find<{ data: Record<string, string> }>(RESOURCES.configMaps, 'live-gateway');
    return map?.data['CHAT_MAX_SUBSCRIPTIONS'] === '64';
  });
  const kinds = [{ name: 'channel' }, { name: 'group', maxMembers: 50, limits: { editSeconds: 60 } }];
  await api.client.patch(RESOURCES.chatClusters, 'default', 'live', { spec: { rooms: { kinds } } });
  const rules = await until('the ConfigMap has the rules of the kinds', async () => {
    const map = await find<{ data: Record<string, string> }>(RESOURCES.configMaps, 'live-gateway');
    return map?.data['CHAT_ROOM_RULES'];
  });
  assert.deepEqual(JSON.parse(rules), { group: { access: 'Members', maxMembers: 50, limits: { editSeconds: 60 } } });
  await quiet();
  assert.deepEqual(await templates(), before);
});

test('an option of the workers makes new workers and no new gateways, and what they read before stays until they are gone', async () => {
  await settled('rolled');
  const [before] = await gatewaysOf('rolled');
  const first = await optionsOf('rolled');
  type Options = KubeObject & { readonly data: Record<string, string>; readonly immutable?: boolean };
  const made = await find<Options>(RESOURCES.configMaps, first);
  assert.deepEqual([made?.immutable, Object.keys(made?.data ?? {})], [true, ['CHAT_NATS_URL']]);
  await api.client.patch(RESOURCES.chatClusters, 'default', 'rolled', { spec: { worker: { batchMessages: 64 } } });
  const next = await until('the workers roll', async () => {
    const name = await optionsOf('rolled');
    return name === first ? undefined : name;
  });
  await quiet();
  assert.equal((await find<Options>(RESOURCES.configMaps, next))?.data['CHAT_STORE_BATCH'], '64');
  assert.deepEqual((await find<Options>(RESOURCES.configMaps, first))?.data, made?.data);
  const [after, ...more] = await gatewaysOf('rolled');
  assert.deepEqual(
    [after?.metadata.generation, after?.metadata.name],
    [before?.metadata.generation, before?.metadata.name],
  );
  assert.deepEqual(more, []);

  const { generation } = (await find<Deployment>(RESOURCES.deployments, 'rolled-worker'))?.metadata ?? {};
  const done = {
    observedGeneration: generation,
    replicas: 1,
    updatedReplicas: 1,
    readyReplicas: 1,
    availableReplicas: 1,
  };
  await api.client.patch(RESOURCES.deployments, 'default', 'rolled-worker/status', { status: done });
  await until(
    'the options of the workers that are gone are too',
    async () => !(await find(RESOURCES.configMaps, first)),
  );
  assert.ok(await find(RESOURCES.configMaps, next));
});

test('a worker option that somebody replaces is put back, although its ConfigMap cannot be changed', async () => {
  await settled('sealed');
  const name = await optionsOf('sealed');
  const made = (await find(RESOURCES.configMaps, name)) as KubeObject;
  await api.client.delete(made);
  const { uid: _, resourceVersion: __, creationTimestamp: ___, ...metadata } = made.metadata;
  const forged = { ...made, metadata, data: { CHAT_NATS_URL: 'nats://elsewhere:4222' } };
  await api.client.create(RESOURCES.configMaps, forged).catch((error: unknown) => {
    // The operator was faster.
    if (!(error instanceof ApiError) || error.code !== 409) throw error;
  });
  await until('it is as it was', async () => {
    const map = await find<{ data: Record<string, string> }>(RESOURCES.configMaps, name);
    return map?.data['CHAT_NATS_URL'] === 'nats://nats:4222';
  });
});

test('an object of another owner is left alone, and said so', async () => {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'taken', namespace: 'default' },
    spec: { ports: [{ port: 1234 }] },
  };
  await api.client.create(RESOURCES.services, service);
  await api.client.create(RESOURCES.chatClusters, chatCluster('taken'));
  const cluster = await until('the condition says so', async () => {
    const found = await find<ChatCluster>(RESOURCES.chatClusters, 'taken');
    return found?.status?.conditions?.some(({ reason }) => reason === 'NameTaken') ? found : undefined;
  });
  assert.match(cluster.status?.conditions?.[0]?.message ?? '', /Service taken/);
  const kept = await find<{ spec: { ports: { port: number }[] } }>(RESOURCES.services, 'taken');
  assert.equal(kept?.spec.ports[0]?.port, 1234);
  await api.client.delete({
    ...service,
    metadata: (await find(RESOURCES.services, 'taken'))?.metadata ?? service.metadata,
  });
  await until('it goes on once the name is free', () => find(RESOURCES.deployments, 'taken-worker'));
});

test('what the API server refuses in a child shows in Ready, and heals', async () => {
  await settled('refused');
  const set = (effect: unknown) =>
    api.client.patch(RESOURCES.chatClusters, 'default', 'refused', {
      spec: { worker: { podTemplate: { affinity: effect } } },
    });
  await set({ nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } });
  const reason = async () => (await find<ChatCluster>(RESOURCES.chatClusters, 'refused'))?.status?.conditions?.[0];
  const refused = await until('it is refused', async () => {
    const ready = await reason();
    return ready?.reason === 'Refused' ? ready : undefined;
  });
  assert.match(refused.message, /nodeSelectorTerms/);
  await set(null);
  await until('it heals', async () => (await reason())?.reason === 'GatewaysNotReady');
});

test('Events tell what was done, once', async () => {
  await settled('told');
  type Told = {
    readonly reason: string;
    readonly note: string;
    readonly regarding: { readonly kind: string; readonly name: string };
  };
  const told = async () => {
    const { items } = await api.client.list<Told>(RESOURCES.events, 'default', {});
    // The API server has Events of its own on a Service of the same name.
    return items.filter(({ regarding }) => regarding.kind === 'ChatCluster' && regarding.name === 'told');
  };
  await until('the Event is there', async () => (await told()).length > 0);
  await quiet();
  const events = await told();
  assert.deepEqual(
    events.map(event => event.reason),
    ['Created'],
  );
  assert.match(events[0]?.note ?? '', /Deployment told-gateway-[0-9a-f]{10}/);
});
