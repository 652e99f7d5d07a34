import { GROUP, KIND, VERSION } from '../api/chat-cluster.ts';

export interface Resource {
  readonly kind: string;
  /** `v1` or `group/version`. */
  readonly apiVersion: string;
  readonly plural: string;
}

const resource = (kind: string, apiVersion: string, plural: string): Resource => ({ kind, apiVersion, plural });

export const RESOURCES = {
  chatClusters: resource(KIND, `${GROUP}/${VERSION}`, 'chatclusters'),
  deployments: resource('Deployment', 'apps/v1', 'deployments'),
  services: resource('Service', 'v1', 'services'),
  configMaps: resource('ConfigMap', 'v1', 'configmaps'),
  serviceAccounts: resource('ServiceAccount', 'v1', 'serviceaccounts'),
  pods: resource('Pod', 'v1', 'pods'),
  events: resource('Event', 'events.k8s.io/v1', 'events'),
  endpointSlices: resource('EndpointSlice', 'discovery.k8s.io/v1', 'endpointslices'),
  podDisruptionBudgets: resource('PodDisruptionBudget', 'policy/v1', 'poddisruptionbudgets'),
  horizontalPodAutoscalers: resource('HorizontalPodAutoscaler', 'autoscaling/v2', 'horizontalpodautoscalers'),
  nodes: resource('Node', 'v1', 'nodes'),
  customResourceDefinitions: resource(
    'CustomResourceDefinition',
    'apiextensions.k8s.io/v1',
    'customresourcedefinitions',
  ),
  leases: resource('Lease', 'coordination.k8s.io/v1', 'leases'),
} as const;

const BY_KIND = new Map(Object.values(RESOURCES).map(row => [row.kind, row]));

/** @throws {RangeError} for a kind the operator does not handle */
export function resourceOf(kind: string): Resource {
  const found = BY_KIND.get(kind);
  if (!found) throw new RangeError(`no resource for kind ${kind}`);
  return found;
}

/** Path of a collection or of one object. @param namespace empty for all namespaces */
export function pathOf({ apiVersion, plural }: Resource, namespace: string, ...rest: readonly string[]): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = namespace === '' ? [] : ['namespaces', namespace];
  return [root, ...scope, plural, ...rest].join('/');
}
