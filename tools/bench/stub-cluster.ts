/**
 * A cluster for the operator alone, as a process of its own: an API server in memory, pods that are ready at once, and
 * their admin ports, all on addresses of 127.0.0.0/8. Arguments: the number of ChatClusters. Answers the message `gaps` with the
 * times between two questions to one gateway.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CLUSTER_LABEL } from '../../operator/desired/names.ts';
import { PORTS } from '../../server/contract/ports.ts';
import { stored } from '../support/crd-schema.ts';
import { StubApi, type StubObject } from './stub-api.ts';

const clusters = Number(process.argv[2]);
const NAMESPACE = 'team';
const CONNECTIONS = 3_000;

interface Pod {
  readonly builtin: boolean;
  askedAt: number;
}
const pods = new Map<string, Pod>();
let gaps: { builtin: number[]; others: number[] } = { builtin: [], others: [] };
let addresses = 0;

const api = new StubApi((plural, object) => {
  if (plural === 'deployments') runPods(object);
  if (plural === 'deployments' || plural === 'services' || plural === 'pods') offer(object);
});

/** A pod with all the fields of a real one, not only those the operator reads. */
function podOf(deployment: StubObject, index: number): StubObject {
  const { metadata, spec } = deployment as StubObject & { spec: { template: StubObject } };
  const hash = '5d4f8c7b9f';
  const now = new Date().toISOString().replace(/\.\d+Z/, 'Z');
  const number = ++addresses;
  const podIP = `127.${1 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
  pods.set(podIP, { builtin: isBuiltin(metadata.labels?.[CLUSTER_LABEL] ?? ''), askedAt: 0 });
  const [container] = (spec.template['spec'] as { containers: { name: string; image: string }[] }).containers;
  const condition = (type: string) => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: now });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...spec.template.metadata,
      name: `${metadata.name}-${hash}-${String(index).padStart(5, 'x')}`,
      namespace: NAMESPACE,
      labels: { ...spec.template.metadata.labels, 'pod-template-hash': hash },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: `${metadata.name}-${hash}`,
          uid: `rs-${metadata.uid}`,
          controller: true,
        },
      ],
    },
    spec: { ...(spec.template['spec'] as object), nodeName: `node-${number % 100}` },
    status: {
      phase: 'Running',
      podIP,
      conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(
        condition,
      ),
      containerStatuses: [
        {
          name: container?.name,
          image: container?.image,
          restartCount: 0,
          ready: true,
          state: { running: { startedAt: now } },
        },
      ],
    },
  };
}

/** Runs pods, as the Deployment controller, the scheduler and a kubelet would. */
function runPods(deployment: StubObject): void {
  const { metadata, spec } = deployment as StubObject & { spec: { replicas: number } };
  const name = (index: number) => `${metadata.name}-5d4f8c7b9f-${String(index).padStart(5, 'x')}`;
  for (let index = 0; index < spec.replicas; index++)
    if (!api.get('pods', NAMESPACE, name(index))) api.put('pods', podOf(deployment, index));
  const { replicas } = spec;
  const counts = { replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas };
  const status = { observedGeneration: metadata.generation, ...counts };
  if (JSON.stringify(deployment['status']) !== JSON.stringify(status))
    api.put('deployments', { ...deployment, status });
}

const byCluster = new Map<string, { services: Set<string>; pods: Set<string> }>();

/** Writes endpoint slices, as their controller would. */
function offer({ kind, metadata }: StubObject): void {
  const cluster = metadata.labels?.[CLUSTER_LABEL] ?? '';
  const of = byCluster.get(cluster) ?? { services: new Set(), pods: new Set() };
  byCluster.set(cluster, of);
  if (kind === 'Service') of.services.add(metadata.name);
  if (kind === 'Deployment')
    for (let index = 0; ; index++) {
      const name = `${metadata.name}-5d4f8c7b9f-${String(index).padStart(5, 'x')}`;
      if (!api.get('pods', NAMESPACE, name)) break;
      of.pods.add(name);
    }
  for (const service of of.services) offerService(service, [...of.pods]);
}

function offerService(name: string, names: readonly string[]): void {
  const service = api.get('services', NAMESPACE, name) as
    | (StubObject & { spec: { selector: Record<string, string> } })
    | undefined;
  if (!service) return;
  const endpoints = names.flatMap(pod => {
    const { metadata } = api.get('pods', NAMESPACE, pod) ?? {};
    const isSelected = Object.entries(service.spec.selector).every(([key, value]) => metadata?.labels?.[key] === value);
    const conditions = { ready: true, serving: true, terminating: false };
    return isSelected ? [{ conditions, targetRef: { kind: 'Pod', name: pod } }] : [];
  });
  const slice: StubObject = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-abcde`,
      namespace: NAMESPACE,
      labels: { ...service.metadata.labels, 'kubernetes.io/service-name': name },
    },
    endpoints,
  };
  const held = api.get('endpointslices', NAMESPACE, slice.metadata.name);
  if (JSON.stringify(held?.['endpoints']) !== JSON.stringify(endpoints)) api.put('endpointslices', slice);
}

function isBuiltin(cluster: string): boolean {
  return Number(cluster.slice(5)) % 3 === 0;
}

for (let index = 0; index < clusters; index++) {
  const name = `chat-${index}`;
  const autoscaling = { mode: isBuiltin(name) ? 'Builtin' : 'Disabled', minReplicas: 2, maxReplicas: 10 };
  const { spec } = stored({ gateway: { replicas: 2, autoscaling } });
  const metadata = { name, namespace: NAMESPACE, uid: `5a4a9bfa-3c0e-4b8f-9d3a-${String(index).padStart(12, '0')}` };
  api.put('chatclusters', { apiVersion: 'chatcluster.dev/v1alpha1', kind: 'ChatCluster', metadata, spec });
}

const REACHED = { reachable: true, reason: '' };
const HEALTH = JSON.stringify({ nats: REACHED, store: REACHED, storeLag: 3, log: { room: 'Enough', reason: '' } });
const load = () =>
  JSON.stringify({
    gateway: 'g',
    ready: true,
    draining: false,
    // They come and go: no two answers are alike.
    connections: CONNECTIONS + Math.floor(Math.random() * 50),
    maxConnections: 15_000,
    deliveriesPerSecond: 900 + Math.random() * 100,
    eventLoopLagMs: 2 + Math.random(),
    cpu: 0.2 + Math.random() / 10,
    commandsPerSecond: 100,
    errorsPerSecond: 0,
    publishMs: 2,
    refusedPerSecond: 0,
    natsUp: true,
    optionsVersion: '',
  });

const admin = createServer((request, response) => {
  const pod = pods.get(request.socket.localAddress ?? '');
  const now = performance.now();
  const isGateway = request.url === '/load';
  if (pod && isGateway) {
    if (pod.askedAt > 0) gaps[pod.builtin ? 'builtin' : 'others'].push(now - pod.askedAt);
    pod.askedAt = now;
  }
  const body = isGateway ? load() : HEALTH;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
});
admin.keepAliveTimeout = 75_000;
await new Promise<void>(resolve => admin.listen(PORTS.admin, '0.0.0.0', resolve));
const server = await api.listen();

const counts = () => ({
  pods: api.all('pods').length,
  ready: api.all('chatclusters').filter(object => {
    const { conditions = [] } = (object['status'] ?? {}) as { conditions?: { type: string; status: string }[] };
    return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  }).length,
});
process.on('message', (message: string) => {
  if (message === 'forget') gaps = { builtin: [], others: [] };
  process.send?.(message === 'gaps' ? gaps : counts());
});
process.send?.((server.address() as AddressInfo).port);
