import { createHash } from 'node:crypto';
import { type ChatCluster, GROUP } from '../api/chat-cluster.ts';
import { ALL_REVISIONS } from '../api/serving.ts';

/** Field manager of the operator's server-side applies. */
export const FIELD_MANAGER = 'chatcluster-operator';

/** Prefix of the operator's own labels and annotations. */
export const GROUP_PREFIX = `${GROUP}/`;

/** Hash of the object as last applied: a change of the desired object shows even where the actual one still covers it. */
export const APPLIED_HASH = `${GROUP}/applied-hash`;
/** Revision of a gateway's pod, Deployment and, while gateways of one revision serve, of the client Service; of a worker's options. */
export const REVISION_LABEL = `${GROUP}/revision`;
/** Label of gateway pods that take new clients: the client Service selects it with the value {@link ACCEPT}. */
export const CLIENTS_LABEL = `${GROUP}/clients`;
/** Value of {@link CLIENTS_LABEL}. */
export const ACCEPT = 'accept';
/** Annotation of the gateways' options with the identity, from which the instance follows. It outlives the ChatCluster where children do. */
export const IDENTITY_ANNOTATION = `${GROUP}/identity`;
/** Annotation of the workers' Deployment: the revision its template was made for. */
export const REVISION_ANNOTATION = `${GROUP}/revision`;
/** Annotation of a Deployment: its pod template as it was made. Operators that would write it differently keep it. */
export const TEMPLATE_ANNOTATION = `${GROUP}/template`;
/** Annotation of a gateway Deployment: time at which its revision became the wanted one, ISO 8601. */
export const TARGETED_ANNOTATION = `${GROUP}/targeted-at`;
/** Annotation of a gateway Deployment: reason why its rollout was stopped. */
export const STOPPED_ANNOTATION = `${GROUP}/rollout-stopped`;
/** Annotation of a gateway Deployment while others exist: revision and pod template of the workers before its own, as JSON. */
export const WORKERS_BEFORE_ANNOTATION = `${GROUP}/workers-before`;
/** Annotation of the client Service: time of its last change to another revision, ISO 8601. */
export const MOVED_ANNOTATION = `${GROUP}/moved-at`;
/** Annotation of a gateway pod: version of the reloadable options it should have. A change of it makes the kubelet refresh the files at once. */
export const OPTIONS_ANNOTATION = `${GROUP}/options`;
/** Cost of the deletion of a pod: the ReplicaSet controller removes pods with the lowest cost first. */
export const DELETION_COST_ANNOTATION = 'controller.kubernetes.io/pod-deletion-cost';

/** Annotations that people write on a ChatCluster. */
export const RESTART_ANNOTATION = `${GROUP}/restart`;
export const UNDO_ANNOTATION = `${GROUP}/undo`;
export const CONTINUE_ANNOTATION = `${GROUP}/continue`;
export const PAUSE_ANNOTATION = `${GROUP}/pause`;
export const HIBERNATE_ANNOTATION = `${GROUP}/hibernate`;
/** All annotations that people write. */
export const CONTROL_ANNOTATIONS: readonly string[] = [
  RESTART_ANNOTATION,
  UNDO_ANNOTATION,
  CONTINUE_ANNOTATION,
  PAUSE_ANNOTATION,
  HIBERNATE_ANNOTATION,
];

/** Name of the ChatCluster a child belongs to. Watches select by its presence. */
export const CLUSTER_LABEL = `${GROUP}/cluster`;

/** Programs of this image that the operator runs in pods. */
export const COMPONENTS = ['gateway', 'worker'] as const;
export type Component = (typeof COMPONENTS)[number];

/** Names of the children. */
export const childName = {
  serviceAccount: (cluster: string) => cluster,
  clientService: (cluster: string) => cluster,
  /** The permanent Service over all gateways, ready or not. */
  gatewaysService: (cluster: string) => `${cluster}-gateways`,
  workers: (cluster: string) => `${cluster}-worker`,
  gateways: (cluster: string, revision: string) => `${cluster}-gateway-${revision}`,
  disruptionBudget: (cluster: string, revision: string) => `${cluster}-gateway-${revision}`,
  /** Options that running gateways follow. */
  reloadableOptions: (cluster: string) => `${cluster}-gateway`,
  /** Options that workers of one revision start with. */
  workerOptions: (cluster: string, revision: string) => `${cluster}-worker-${revision}`,
  /** Options of workers of all revisions, where an older operator made them. */
  sharedWorkerOptions: (cluster: string) => `${cluster}-worker`,
} as const;

/** Form of {@link childName.gateways}. Without the revision a Deployment belongs to another application: many are called a gateway. */
const GATEWAYS_NAME = /^(.+)-gateway-[0-9a-f]{10}$/;

/** Name of the ChatCluster whose gateways a Deployment of this name would be; undefined for none. */
export function clusterOfGateways(deployment: string): string | undefined {
  return GATEWAYS_NAME.exec(deployment)?.[1];
}

/** Identity of the chat; undefined where its pods have an instance whose identity is not recorded. */
export function identityOf({ kept, metadata, spec }: ChatCluster): string | undefined {
  return kept ? kept.identity : (spec.identity ?? metadata.uid);
}

/**
 * CHAT_SPEC_VERSION: the spec that a process was made for, `<creation of the ChatCluster in ms>.<generation>`. Of two workers of
 * one instance the one with the higher version has the newer options, also after the ChatCluster was created again.
 */
export function specVersionOf({ metadata: { creationTimestamp = '', generation = 0 } }: ChatCluster): string {
  return `${Date.parse(creationTimestamp) || 0}.${generation}`;
}

/** CHAT_INSTANCE: at most 51 characters, always the same for the same namespace, name and identity. */
export function instanceFor({ namespace, name }: ChatCluster['metadata'], identity: string): string {
  const hash = createHash('sha256').update(`${namespace}/${name}/${identity}`).digest('hex');
  return `${name}-${hash.slice(0, 10)}`;
}

/** CHAT_INSTANCE of all processes of a ChatCluster. */
export function instanceOf({ kept, metadata, spec }: ChatCluster): string {
  return kept?.instance ?? instanceFor(metadata, spec.identity ?? metadata.uid);
}

/** Labels that select the pods of one component. A Deployment's selector is immutable, so these never change. */
export function selectorLabels(cluster: string, component: string): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'chatcluster',
    'app.kubernetes.io/instance': cluster,
    'app.kubernetes.io/component': component,
  };
}

/** Labels of every child. @param component of the objects of one component */
export function labels(cluster: string, component?: string): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'chatcluster',
    'app.kubernetes.io/instance': cluster,
    ...(component ? { 'app.kubernetes.io/component': component } : {}),
    'app.kubernetes.io/managed-by': FIELD_MANAGER,
    [CLUSTER_LABEL]: cluster,
  };
}

/** Labels that select the serving gateways. @param revision `*` for all */
export function servingLabels(cluster: string, revision: string): Record<string, string> {
  const all = selectorLabels(cluster, 'gateway');
  return revision === ALL_REVISIONS ? all : { ...all, [REVISION_LABEL]: revision };
}

/** True if the pods of a template carry {@link CLIENTS_LABEL}: pods of older operators do not. */
export function hasClientsLabel(template: object | undefined): boolean {
  const { metadata } = (template ?? {}) as { metadata?: { labels?: Readonly<Record<string, string>> } };
  return metadata?.labels?.[CLIENTS_LABEL] === ACCEPT;
}

/** A selector in the form of `/scale`: `key=value,...`. */
export function selectorText(selector: Readonly<Record<string, string>>): string {
  return Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
