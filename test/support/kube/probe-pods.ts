import type { Access } from '../../../tools/cluster/access.ts';
import { nodeBases } from '../../../tools/cluster/base-images.ts';
import type { Layout } from '../../../tools/cluster/layout.ts';
import { loadBuilt } from '../../../tools/cluster/load-image.ts';
import { eventually } from './kube-chat.ts';

const NAMESPACE = 'nodes';
const NAME = 'probe';
const PORT = 8080;

/** A pod that answers each request with its name and the address that asked. */
export interface ProbePod {
  readonly name: string;
  readonly node: string;
  readonly address: string;
}

export interface Answer {
  readonly pod: string;
  readonly from: string;
}

const SERVER = `
const { hostname } = require('node:os');
const answer = request => JSON.stringify({ pod: hostname(), from: request.socket.remoteAddress });
require('node:http').createServer((request, response) => response.end(answer(request))).listen(${PORT}, '0.0.0.0');
process.on('SIGTERM', () => process.exit(0));`;

/** Puts a Deployment of such pods, spread over the nodes, and a Service of the same name into a namespace of their own. */
export async function startProbes(access: Access, layout: Layout, replicas: number): Promise<void> {
  const image = (await nodeBases()).runtime;
  await loadBuilt(layout, image);
  const labels = { app: NAME };
  const container = {
    name: NAME,
    image,
    imagePullPolicy: 'Never',
    command: ['node', '-e', SERVER],
    readinessProbe: { httpGet: { port: PORT }, periodSeconds: 1 },
    volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
  };
  const spread = {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'DoNotSchedule',
    nodeTaintsPolicy: 'Honor', // a node that takes no pods is no reason to leave the others uneven
    matchLabelKeys: ['pod-template-hash'],
    labelSelector: { matchLabels: labels },
  };
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: NAME, namespace: NAMESPACE },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            topologySpreadConstraints: [spread],
            containers: [container],
            volumes: [{ name: 'scratch', emptyDir: {} }],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: NAME, namespace: NAMESPACE },
      spec: { selector: labels, ports: [{ port: PORT }] },
    },
  ];
  await access.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
}

export async function endProbes(access: Access): Promise<void> {
  await access.kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found']);
}

interface PodObject {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** The ready pods once their number on each node is as asked for. */
export function untilProbes(access: Access, onNodes: Readonly<Record<string, number>>): Promise<ProbePod[]> {
  const wanted = Object.entries(onNodes);
  const total = wanted.reduce((sum, [, count]) => sum + count, 0);
  return eventually(`ready pods are on ${JSON.stringify(onNodes)}`, async () => {
    const { items } = await access.get<{ items: PodObject[] }>(['pods', `--namespace=${NAMESPACE}`]);
    const pods = items
      .filter(({ metadata, status }) => {
        const ready = status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
        return ready && metadata.deletionTimestamp === undefined;
      })
      .map(({ metadata, spec, status }) => ({
        name: metadata.name,
        node: spec.nodeName ?? '',
        address: status.podIP ?? '',
      }));
    const placed = wanted.every(([name, count]) => pods.filter(pod => pod.node === name).length === count);
    return placed && pods.length === total ? pods : null;
  });
}

/** Asks a host, from inside a pod, over as many connections as times. @throws when it gets no answer */
export async function ask(access: Access, from: ProbePod, host: string, times = 1): Promise<Answer[]> {
  const script = `
const { get } = require('node:http');
const { json } = require('node:stream/consumers');
const once = () => new Promise((resolve, reject) => {
  get({ host: '${host}', port: ${PORT}, agent: false, timeout: 5000 }, answer => json(answer).then(resolve, reject)).on('error', reject);
});
Promise.all(Array.from({ length: ${times} }, once)).then(answers => console.log(JSON.stringify(answers)));`;
  return JSON.parse(
    await access.kubectl(['exec', `--namespace=${NAMESPACE}`, from.name, '--', 'node', '-e', script]),
  ) as Answer[];
}

/** Name of the Service in the cluster's DNS. */
export const PROBE_SERVICE = `${NAME}.${NAMESPACE}.svc.cluster.local`;
