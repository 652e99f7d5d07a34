import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { type Logger, pino } from 'pino';
import { parseAllDocuments } from 'yaml';
import type { AskPod } from '../../../operator/api/ask-pod.ts';
import type { ChatCluster } from '../../../operator/api/chat-cluster.ts';
import type { KubeObject } from '../../../operator/api/kube-object.ts';
import { accessOf } from '../../../operator/kube/http.ts';
import { askPod } from '../../../operator/kube/pod-http.ts';
import type { Resource } from '../../../operator/kube/resources.ts';
import { type Operator, startOperator } from '../../../operator/operator.ts';
import { systemClock } from '../../../server/time/clock.ts';
import { clusterBinaries } from '../../../tools/cluster/binaries.ts';
import { until } from '../../../tools/support/until.ts';
import type { ApiServer } from './api-server.ts';

const CHART = join(import.meta.dirname, '../../../charts/chatcluster');
const CLUSTER_SCOPED: Readonly<Record<string, Resource>> = {
  CustomResourceDefinition: {
    kind: 'CustomResourceDefinition',
    apiVersion: 'apiextensions.k8s.io/v1',
    plural: 'customresourcedefinitions',
  },
  ClusterRole: { kind: 'ClusterRole', apiVersion: 'rbac.authorization.k8s.io/v1', plural: 'clusterroles' },
  ClusterRoleBinding: {
    kind: 'ClusterRoleBinding',
    apiVersion: 'rbac.authorization.k8s.io/v1',
    plural: 'clusterrolebindings',
  },
};

const NAMESPACED: Readonly<Record<string, Resource>> = {
  Role: { kind: 'Role', apiVersion: 'rbac.authorization.k8s.io/v1', plural: 'roles' },
  RoleBinding: { kind: 'RoleBinding', apiVersion: 'rbac.authorization.k8s.io/v1', plural: 'rolebindings' },
};

/** The objects of the chart under the release `test`. @param args further arguments of `helm template` */
export async function renderChart(...args: readonly string[]): Promise<KubeObject[]> {
  return await renderRelease('test', ...args);
}

/** The objects of the chart, as `helm template` prints them. @param release its name @param args further arguments */
export async function renderRelease(release: string, ...args: readonly string[]): Promise<KubeObject[]> {
  const helm = join(await clusterBinaries(), 'helm');
  const { stdout } = await promisify(execFile)(helm, ['template', release, CHART, ...args], { maxBuffer: 1 << 24 });
  return parseAllDocuments(stdout)
    .map(document => document.toJSON() as KubeObject | null)
    .filter(object => object !== null);
}

/**
 * Installs the chart's CRD and roles, the roles bound to the user `operator` instead of the chart's service account.
 * Resolves when ChatClusters can be made.
 * @param args further arguments of `helm template`
 */
export async function installChart(api: ApiServer, ...args: readonly string[]): Promise<void> {
  for (const object of await renderChart(...args)) {
    const resource = CLUSTER_SCOPED[object.kind] ?? NAMESPACED[object.kind];
    if (!resource) continue;
    const subjects = [{ kind: 'User', name: 'operator', apiGroup: 'rbac.authorization.k8s.io' }];
    await api.client.create(
      resource,
      object.kind.endsWith('Binding') ? ({ ...object, subjects } as KubeObject) : object,
    );
  }
  const { CustomResourceDefinition: crds } = CLUSTER_SCOPED;
  if (!crds) return;
  await until('the CRD is served', async () => {
    const crd = await api.client.get<{ status?: { conditions?: { type: string; status: string }[] } }>(
      crds,
      '',
      'chatclusters.chatcluster.dev',
    );
    return crd.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True');
  });
}

/**
 * Starts the operator with the rights of the chart, in this process; the test's end stops it.
 * @param namespace empty for all @param ask default: over HTTP @param log default: none, or of the level LOG_LEVEL
 */
export async function runOperator(
  t: Pick<TestContext, 'after'>,
  api: ApiServer,
  namespace = '',
  ask: AskPod = askPod,
  log: Logger = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' }),
): Promise<Operator> {
  const operator = startOperator({
    config: {
      namespace,
      watchNodes: namespace === '',
      defaultImage: 'example.com/chat:1',
      pollSeconds: 1,
      concurrency: 4,
      rewritesPerSecond: 10,
      instance: 'test',
    },
    identity: 'test',
    kube: accessOf(api.kubeconfig('operator')),
    clock: systemClock,
    random: Math.random,
    ask,
    log,
  });
  t.after(() => operator.stop());
  await until('the operator has listed all kinds', () => operator.isReady());
  return operator;
}

/** Requests of the operator so far, by verb. @throws {Error} when none is counted: it watches at least */
export async function requests(operator: Operator): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { labels, value } of (await operator.metrics.apiRequests.get()).values) {
    const verb = String(labels.verb);
    counts[verb] = (counts[verb] ?? 0) + value;
  }
  if (!counts['watch']) throw new Error(`requests are not counted: ${JSON.stringify(counts)}`);
  return counts;
}

/** The smallest ChatCluster, with `spec` laid over it. */
export function chatCluster(name: string, spec: object = {}): ChatCluster {
  return {
    apiVersion: 'chatcluster.dev/v1alpha1',
    kind: 'ChatCluster',
    metadata: { name, namespace: 'default' },
    spec: {
      nats: { urls: ['nats://nats:4222'] },
      mongodb: { uriSecretRef: { name: 'mongodb' } },
      auth: { secretRef: { name: 'auth' } },
      ...spec,
    },
  } as unknown as ChatCluster;
}
