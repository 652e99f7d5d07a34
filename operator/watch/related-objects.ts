/** Projections of objects that are not children: EndpointSlices, HorizontalPodAutoscalers and nodes. */
import { GROUP, KIND } from '../api/chat-cluster.ts';
import type { Endpoint, ForeignAutoscaler, KubeObject } from '../api/kube-object.ts';
import { CLUSTER_LABEL, clusterOfGateways } from '../desired/names.ts';

/** Key (`namespace/name`) of the ChatCluster that an object's label names. */
export function clusterKey({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.labels?.[CLUSTER_LABEL] ?? ''}`;
}

/** Projection of an EndpointSlice. */
export interface Slice {
  /** Name of its Service. */
  readonly service: string;
  readonly endpoints: readonly Endpoint[];
}

/** Label with the name of a slice's Service. The endpoint slice controller also copies the Service's own labels. */
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

/**
 * Projects an EndpointSlice. Endpoints other than pods are left out; a missing condition means ready, as Kubernetes defines
 * it.
 */
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

/** Projects a HorizontalPodAutoscaler to its name and target. */
export function projectAutoscaler(raw: KubeObject): ForeignAutoscaler {
  const { kind = '', name = '' } = (raw as RawAutoscaler).spec?.scaleTargetRef ?? {};
  return { name: raw.metadata.name, target: { kind, name } };
}

/** Key of the ChatCluster whose gateways a HorizontalPodAutoscaler scales; undefined for any other target. */
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
 * Taints that announce the end of a node some time ahead. Two kinds are left out on purpose. `not-ready` and `unreachable`
 * come and go with the kubelet. `NoExecute` evicts pods that do not tolerate it at once, and pods that do are meant to
 * stay.
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

/** Name of a node that is cordoned or about to be removed; undefined for any other. */
export function leavingNode(raw: KubeObject): string | undefined {
  const { unschedulable = false, taints = [] } = (raw as RawNode).spec ?? {};
  return unschedulable || taints.some(({ key }) => LEAVING_TAINTS.has(key)) ? raw.metadata.name : undefined;
}
