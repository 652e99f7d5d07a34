/** What the operator reads of objects that are not its own: who is offered to clients, who else scales, which nodes go. */
import { GROUP, KIND } from '../api/chat-cluster.ts';
import type { Endpoint, ForeignAutoscaler, KubeObject } from '../api/kube-object.ts';
import { CLUSTER_LABEL, clusterOfGateways } from '../desired/names.ts';

/** Key (`namespace/name`) of the ChatCluster an object is labelled with. */
export function clusterKey({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.labels?.[CLUSTER_LABEL] ?? ''}`;
}

/** What is kept of an EndpointSlice. */
export interface Slice {
  /** Name of the Service it is of. */
  readonly service: string;
  readonly endpoints: readonly Endpoint[];
}

/** On a slice, the name of its Service. The endpoint slice controller also gives it the Service's own labels. */
export const SERVICE_NAME = 'kubernetes.io/service-name';

interface RawSlice extends KubeObject {
  readonly endpoints?:
    | readonly {
        readonly targetRef?: { readonly kind?: string; readonly name?: string };
        readonly conditions?: {
          readonly ready?: boolean | null;
          readonly serving?: boolean | null;
          readonly terminating?: boolean | null;
        };
      }[]
    | null;
}

/** Endpoints that are no pods are left out. What a slice does not say means ready, as Kubernetes defines it. */
export function projectSlice(raw: KubeObject): Slice {
  const endpoints = (raw as RawSlice).endpoints ?? [];
  return {
    service: raw.metadata.labels?.[SERVICE_NAME] ?? '',
    endpoints: endpoints.flatMap(({ targetRef, conditions = {} }) => {
      if (targetRef?.kind !== 'Pod' || targetRef.name === undefined) return [];
      const ready = conditions.ready ?? true;
      const serving = conditions.serving ?? ready;
      return [{ pod: targetRef.name, ready, serving, terminating: conditions.terminating ?? false }];
    }),
  };
}

interface RawAutoscaler extends KubeObject {
  readonly spec?: {
    readonly scaleTargetRef?: { readonly apiVersion?: string; readonly kind?: string; readonly name?: string };
  };
}

export function projectAutoscaler(raw: KubeObject): ForeignAutoscaler {
  const { kind = '', name = '' } = (raw as RawAutoscaler).spec?.scaleTargetRef ?? {};
  return { name: raw.metadata.name, target: { kind, name } };
}

/** Key of the ChatCluster whose gateways a HorizontalPodAutoscaler scales; undefined when it scales something else. */
export function autoscaledKey(raw: KubeObject): string | undefined {
  const { apiVersion = '', kind, name = '' } = (raw as RawAutoscaler).spec?.scaleTargetRef ?? {};
  const namespace = raw.metadata.namespace ?? '';
  if (kind === KIND && apiVersion.startsWith(`${GROUP}/`)) return `${namespace}/${name}`;
  const cluster = kind === 'Deployment' && apiVersion.startsWith('apps/') ? clusterOfGateways(name) : undefined;
  return cluster && `${namespace}/${cluster}`;
}

interface RawNode extends KubeObject {
  readonly spec?: { readonly unschedulable?: boolean; readonly taints?: readonly { readonly key: string }[] };
}

/**
 * Taints that announce the end of a node some time ahead. Not among them are `not-ready` and `unreachable`, which come and
 * go with a kubelet that nothing can be asked of meanwhile, and `NoExecute` as such: pods that do not tolerate it are
 * evicted at once, and those that do are meant to be there.
 */
const LEAVING_TAINTS: ReadonlySet<string> = new Set([
  'ToBeDeletedByClusterAutoscaler',
  'karpenter.sh/disrupted',
  'karpenter.sh/disruption',
  'cloud.google.com/impending-node-termination',
  'aws-node-termination-handler/spot-itn',
  'aws-node-termination-handler/asg-lifecycle-termination',
  'node.cloudprovider.kubernetes.io/shutdown',
]);

/** Name of a node that takes no more pods or is about to be removed; undefined for any other. */
export function leavingNode(raw: KubeObject): string | undefined {
  const { unschedulable = false, taints = [] } = (raw as RawNode).spec ?? {};
  return unschedulable || taints.some(({ key }) => LEAVING_TAINTS.has(key)) ? raw.metadata.name : undefined;
}
