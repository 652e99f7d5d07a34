import { createHash } from 'node:crypto';
import { type ChatCluster, GROUP } from '../api/chat-cluster.ts';
import { ALL_REVISIONS } from '../api/serving.ts';

/** Server-side apply's name for what this operator writes. */
export const FIELD_MANAGER = 'chatcluster-operator';

/** Of the operator's own labels and annotations. */
export const GROUP_PREFIX = `${GROUP}/`;

/** Hash of the object as last applied: a change of the desired object shows even where the live one still covers it. */
export const APPLIED_HASH = `${GROUP}/applied-hash`;
/** Revision of a gateway's pod, Deployment and, while gateways of one revision serve, of the client Service; of a worker's options. */
export const REVISION_LABEL = `${GROUP}/revision`;
/** On a gateway's pod, unless it is to take no new clients: the client Service selects it by this and {@link ACCEPT}. */
export const CLIENTS_LABEL = `${GROUP}/clients`;
/** Value of {@link CLIENTS_LABEL}. */
export const ACCEPT = 'accept';
/** On the options of the gateways: the identity, from which the instance follows. It outlives the ChatCluster where children do. */
export const IDENTITY_ANNOTATION = `${GROUP}/identity`;
/** On the workers' Deployment: the revision its template was made for. */
export const REVISION_ANNOTATION = `${GROUP}/revision`;
/** On a Deployment: its pod template as it was made. An operator that would write it otherwise leaves it. */
export const TEMPLATE_ANNOTATION = `${GROUP}/template`;
/** On a gateway Deployment: when its revision became the wanted one, ISO 8601. */
export const TARGETED_ANNOTATION = `${GROUP}/targeted-at`;
/** On a gateway Deployment: why its rollout was stopped. */
export const STOPPED_ANNOTATION = `${GROUP}/rollout-stopped`;
/** On a gateway Deployment, while there are others: pod template of the workers before its revision, and its revision, as JSON. */
export const WORKERS_BEFORE_ANNOTATION = `${GROUP}/workers-before`;
/** On the client Service: when it was last pointed at another revision, ISO 8601. */
export const MOVED_ANNOTATION = `${GROUP}/moved-at`;
/** On a gateway pod: version of the live options it should have. A change of it makes the kubelet refresh the files at once. */
export const OPTIONS_ANNOTATION = `${GROUP}/options`;
/** Which of the pods the ReplicaSet controller removes first: the lowest cost. */
export const DELETION_COST_ANNOTATION = 'controller.kubernetes.io/pod-deletion-cost';

/** What people may write on a ChatCluster. */
export const RESTART_ANNOTATION = `${GROUP}/restart`;
export const UNDO_ANNOTATION = `${GROUP}/undo`;
export const CONTINUE_ANNOTATION = `${GROUP}/continue`;
export const PAUSE_ANNOTATION = `${GROUP}/pause`;
export const HIBERNATE_ANNOTATION = `${GROUP}/hibernate`;
/** All of them. */
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

/** Form of {@link childName.gateways}. Without the revision a Deployment belongs to somebody else: many are called a gateway. */
const GATEWAYS_NAME = /^(.+)-gateway-[0-9a-f]{10}$/;

/** Name of the ChatCluster whose gateways a Deployment of this name would be; undefined for none. */
export function clusterOfGateways(deployment: string): string | undefined {
  return GATEWAYS_NAME.exec(deployment)?.[1];
}

/** Undefined where the chat was made under an identity that nobody knows any more. */
export function identityOf({ kept, metadata, spec }: ChatCluster): string | undefined {
  return kept ? kept.identity : (spec.identity ?? metadata.uid);
}

/**
 * CHAT_SPEC_VERSION: which spec a process was made for, `<creation of the ChatCluster in ms>.<generation>`. Of two workers of
 * one instance the one with the higher version has the newer options, also after the ChatCluster was made anew.
 */
export function specVersionOf({ metadata: { creationTimestamp = '', generation = 0 } }: ChatCluster): string {
  return `${Date.parse(creationTimestamp) || 0}.${generation}`;
}

/** CHAT_INSTANCE: at most 51 characters, the same for the same namespace, name and identity for ever. */
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

export function labels(cluster: string, component?: string): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'chatcluster',
    'app.kubernetes.io/instance': cluster,
    ...(component ? { 'app.kubernetes.io/component': component } : {}),
    'app.kubernetes.io/managed-by': FIELD_MANAGER,
    [CLUSTER_LABEL]: cluster,
  };
}

/** Labels that select gateways that serve. @param revision `*` for all */
export function servingLabels(cluster: string, revision: string): Record<string, string> {
  const all = selectorLabels(cluster, 'gateway');
  return revision === ALL_REVISIONS ? all : { ...all, [REVISION_LABEL]: revision };
}

/** Whether the pods of a template carry {@link CLIENTS_LABEL}: those of operators before it do not. */
export function hasClientsLabel(template: object | undefined): boolean {
  const { metadata } = (template ?? {}) as { metadata?: { labels?: Readonly<Record<string, string>> } };
  return metadata?.labels?.[CLIENTS_LABEL] === ACCEPT;
}

/** A selector as `/scale` wants it: `key=value,...`. */
export function selectorText(selector: Readonly<Record<string, string>>): string {
  return Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
