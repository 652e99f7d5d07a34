import { GROUP } from '../api/chat-cluster.ts';
import type { KubeObject, Pod, PodContainer } from '../api/kube-object.ts';
import { CLUSTER_LABEL, childName, DELETION_COST_ANNOTATION, REVISION_LABEL } from '../desired/names.ts';
import { exitMessage } from './exit-message.ts';
import { clusterKey } from './related-objects.ts';

interface RawCondition {
  readonly type: string;
  readonly status: string;
  readonly lastTransitionTime?: string | null;
  readonly reason?: string;
  readonly message?: string;
}

interface RawExit {
  readonly reason?: string;
  readonly exitCode?: number;
  readonly finishedAt?: string;
  readonly message?: string;
}

interface RawContainerStatus {
  readonly name: string;
  readonly image?: string;
  readonly restartCount?: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly running?: { readonly startedAt?: string };
    readonly terminated?: RawExit;
  };
  readonly lastState?: { readonly terminated?: RawExit };
}

interface RawContainer {
  readonly name: string;
  readonly resources?: { readonly limits?: { readonly memory?: string } };
}

interface RawPod extends KubeObject {
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly RawContainer[];
    readonly initContainers?: readonly RawContainer[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly RawCondition[];
    readonly containerStatuses?: readonly RawContainerStatus[];
    readonly initContainerStatuses?: readonly RawContainerStatus[];
  };
}

/** Annotations the operator writes or reads; others are dropped because they can be large. */
function ownAnnotations(annotations: Readonly<Record<string, string>> = {}): Record<string, string> | undefined {
  const own = Object.entries(annotations).filter(
    ([key]) => key.startsWith(`${GROUP}/`) || key === DELETION_COST_ANNOTATION,
  );
  return own.length > 0 ? Object.fromEntries(own) : undefined;
}

type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}

function projectExit(exit: RawExit | undefined): PodContainer['lastExit'] {
  if (!exit) return undefined;
  const { reason, exitCode, finishedAt, message } = exit;
  return present({ reason, exitCode, finishedAt, message: exitMessage(message ?? '') || undefined });
}

function projectContainers(
  statuses: readonly RawContainerStatus[] = [],
  specs: readonly RawContainer[] = [],
): PodContainer[] {
  return statuses.map(({ name, image, restartCount, state, lastState }) => {
    const lastExit = projectExit(state?.terminated ?? lastState?.terminated);
    const limits = specs.find(spec => spec.name === name)?.resources?.limits;
    return {
      name,
      restarts: restartCount ?? 0,
      ...present({
        startedAt: state?.running?.startedAt,
        waiting: state?.waiting,
        image: state?.waiting && image,
        lastExit,
        memoryLimit: lastExit?.reason === 'OOMKilled' ? limits?.memory : undefined,
      }),
    };
  });
}

/** Projects a Pod to the fields the operator reads: about 1.6 KB of memory. */
export function projectPod(raw: KubeObject): Pod {
  const { metadata, spec, status = {} } = raw as RawPod;
  const { name, namespace, uid, labels, resourceVersion, creationTimestamp } = metadata;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  const annotations = ownAnnotations(metadata.annotations);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: present({
      name,
      namespace,
      uid,
      labels,
      annotations,
      resourceVersion,
      creationTimestamp,
      deletionTimestamp,
      deletionGracePeriodSeconds,
    }),
    spec: present({ nodeName: spec?.nodeName || undefined }),
    status: {
      ...present({ phase: status.phase, podIP: status.podIP, reason: status.reason, message: status.message }),
      conditions: (status.conditions ?? []).map(({ type, status: is, lastTransitionTime, reason, message }) => ({
        type,
        status: is,
        ...present({ lastTransitionTime: lastTransitionTime ?? undefined, reason, message }),
      })),
      containers: projectContainers(status.containerStatuses, spec?.containers),
      ...(status.initContainerStatuses
        ? { initContainers: projectContainers(status.initContainerStatuses, spec?.initContainers) }
        : {}),
    },
  };
}

/** Name of the Deployment of a pod according to its labels; undefined for labels of no ChatCluster. */
function deploymentOf({ labels = {} }: KubeObject['metadata']): string | undefined {
  const cluster = labels[CLUSTER_LABEL];
  if (cluster === undefined) return undefined;
  const component = labels['app.kubernetes.io/component'];
  if (component === 'worker') return childName.workers(cluster);
  return component === 'gateway' ? childName.gateways(cluster, labels[REVISION_LABEL] ?? '') : undefined;
}

/**
 * Key (`namespace/name`) of the ChatCluster a pod belongs to; undefined unless a ReplicaSet of one of its Deployments
 * controls the pod. Labels alone do not count: anyone may set them, and the operator sends requests to its gateways and
 * annotates them.
 */
export function podKey(pod: KubeObject): string | undefined {
  const { metadata } = pod;
  const deployment = deploymentOf(metadata);
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  if (deployment === undefined || owner?.kind !== 'ReplicaSet' || !owner.apiVersion.startsWith('apps/'))
    return undefined;
  // The Deployment controller names a ReplicaSet after its Deployment and the hash of its template.
  return owner.name.replace(/-[a-z0-9]+$/, '') === deployment ? clusterKey(pod) : undefined;
}
