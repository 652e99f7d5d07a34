import { GROUP, KIND, VERSION } from './chat-cluster.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

/** Rules for the objects of a kind that a ChatCluster is made of. Fields are paths with dots, from the root of the object. */
export interface ChildRules {
  /** Fields in which only the operator may write: what others add there is removed. */
  readonly only: readonly string[];
  /** Fields within `only` in which others may write after all. */
  readonly free: readonly string[];
  /** True if an object that is not desired any more stays until the ChatCluster goes. */
  readonly stays?: true;
}

/** One kind of object that the operator reads or writes. */
export interface Kind {
  readonly kind: string;
  /** `v1` or `group/version`. */
  readonly apiVersion: string;
  readonly plural: string;
  /** Rights of the operator. `charts/chatcluster/templates/rbac.yaml` grants these and no others; a test compares the two. */
  readonly verbs: readonly Verb[];
  /** The same for the kind's subresources. */
  readonly subresources?: Readonly<Record<string, readonly Verb[]>>;
  /** Loss where the right is missing, in words; undefined for a kind that the operator cannot work without. */
  readonly without?: string;
  /** Set for a kind that a ChatCluster has children of: its objects with the label of a ChatCluster are watched. */
  readonly child?: ChildRules;
  /** Keys by which the API server merges the items of a list, by the name of the list's field. All other lists are one value. */
  readonly listKeys?: Readonly<Record<string, readonly string[]>>;
}

/** Server-side apply is `patch`, and `create` where the object is new. */
const CHILD_VERBS: readonly Verb[] = ['get', 'list', 'watch', 'create', 'patch', 'delete'];

/** Every kind of object that the operator reads or writes. Clients, watches, repairs and the test of the chart's rights follow this table. */
export const KINDS = {
  chatClusters: {
    kind: KIND,
    apiVersion: `${GROUP}/${VERSION}`,
    plural: 'chatclusters',
    verbs: ['get', 'list', 'watch'],
    // An owner reference that blocks deletion needs `finalizers` where OwnerReferencesPermissionEnforcement is on.
    subresources: { status: ['patch'], finalizers: ['update'] },
    listKeys: { conditions: ['type'] },
  },
  deployments: {
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    plural: 'deployments',
    verbs: CHILD_VERBS,
    // `kubectl rollout restart` of the workers writes an annotation into the template.
    child: { only: ['spec'], free: ['spec.template.metadata.annotations'] },
    listKeys: {
      containers: ['name'],
      env: ['name'],
      imagePullSecrets: ['name'],
      ports: ['containerPort', 'protocol'],
      volumeMounts: ['mountPath'],
      volumes: ['name'],
      topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'],
    },
  },
  services: {
    kind: 'Service',
    apiVersion: 'v1',
    plural: 'services',
    verbs: CHILD_VERBS,
    // The rest of a Service, such as its load balancer, is not described by a ChatCluster.
    child: { only: ['spec.ports', 'spec.selector'], free: [] },
    listKeys: { ports: ['port', 'protocol'] },
  },
  configMaps: {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    plural: 'configmaps',
    verbs: CHILD_VERBS,
    child: { only: ['data', 'binaryData'], free: [] },
  },
  serviceAccounts: {
    kind: 'ServiceAccount',
    apiVersion: 'v1',
    plural: 'serviceaccounts',
    verbs: CHILD_VERBS,
    without: 'service accounts of gateways and workers are neither made nor put back',
    // Pods of an earlier revision may run as it, and are made again when one of them goes.
    child: { only: [], free: [], stays: true },
  },
  podDisruptionBudgets: {
    kind: 'PodDisruptionBudget',
    apiVersion: 'policy/v1',
    plural: 'poddisruptionbudgets',
    verbs: CHILD_VERBS,
    without: 'gateways are not protected against being evicted together',
    child: { only: ['spec'], free: [] },
  },
  // The drain of a gateway and its deletion cost are annotations of its pod.
  pods: { kind: 'Pod', apiVersion: 'v1', plural: 'pods', verbs: ['list', 'watch', 'patch'] },
  endpointSlices: {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    plural: 'endpointslices',
    verbs: ['list', 'watch'],
  },
  horizontalPodAutoscalers: {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v2',
    plural: 'horizontalpodautoscalers',
    verbs: ['list', 'watch'],
    without: 'foreign autoscalers of gateways are not noticed',
  },
  nodes: {
    kind: 'Node',
    apiVersion: 'v1',
    plural: 'nodes',
    verbs: ['list', 'watch'],
    without: 'gateways are not drained before their node goes',
  },
  events: { kind: 'Event', apiVersion: 'events.k8s.io/v1', plural: 'events', verbs: ['create', 'patch'] },
  customResourceDefinitions: {
    kind: 'CustomResourceDefinition',
    apiVersion: 'apiextensions.k8s.io/v1',
    plural: 'customresourcedefinitions',
    verbs: ['get'],
  },
  leases: {
    kind: 'Lease',
    apiVersion: 'coordination.k8s.io/v1',
    plural: 'leases',
    verbs: ['get', 'update', 'create'],
  },
} as const satisfies Readonly<Record<string, Kind>>;

const ALL: readonly Kind[] = Object.values(KINDS);

/** A kind that a ChatCluster has children of. */
export type ChildKind = Kind & { readonly child: ChildRules };

/** Kinds of the children. */
export const CHILD_KINDS: readonly ChildKind[] = ALL.filter((row): row is ChildKind => row.child !== undefined);

/**
 * Kinds that the operator works without where it has no right on them, with the loss in words, by kind. All others are needed:
 * without its children, the pods or the EndpointSlices it would decide without knowing the fleet.
 */
export const OPTIONAL_KINDS: Readonly<Record<string, string>> = Object.fromEntries(
  ALL.flatMap(({ kind, without }) => (without === undefined ? [] : [[kind, without]])),
);
