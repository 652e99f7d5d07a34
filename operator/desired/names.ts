import { createHash } from 'node:crypto';
import { type ChatCluster, GROUP } from '../api/chat-cluster.ts';

/** Server-side apply's name for what this operator writes. */
export const FIELD_MANAGER = 'chatcluster-operator';

/** Hash of the object as last applied: a change of the desired object shows even where the live one still covers it. */
export const APPLIED_HASH = `${GROUP}/applied-hash`;
/** Hash of the options in the pod template: a change of the ConfigMap rolls the pods. */
export const CONFIG_HASH = `${GROUP}/config-hash`;
/** Name of the ChatCluster a child belongs to. Watches select by its presence. */
export const CLUSTER_LABEL = `${GROUP}/cluster`;

export type Component = 'gateway' | 'worker';

/** Names of the children. */
export const childName = {
  serviceAccount: (cluster: string) => cluster,
  clientService: (cluster: string) => cluster,
  /** The permanent Service over all gateways, ready or not. */
  gatewaysService: (cluster: string) => `${cluster}-gateways`,
  deployment: (cluster: string, component: Component) => `${cluster}-${component}`,
  configMap: (cluster: string, component: Component) => `${cluster}-${component}`,
} as const;

export function identityOf(cluster: ChatCluster): string {
  return cluster.spec.identity ?? cluster.metadata.uid;
}

/** CHAT_INSTANCE: at most 51 characters, the same for the same namespace, name and identity for ever. */
export function instanceOf(cluster: ChatCluster): string {
  const { namespace, name } = cluster.metadata;
  const hash = createHash('sha256')
    .update(`${namespace}/${name}/${identityOf(cluster)}`)
    .digest('hex');
  return `${name}-${hash.slice(0, 10)}`;
}

/** Labels that select the pods of one component. A Deployment's selector is immutable, so these never change. */
export function selectorLabels(cluster: string, component: Component): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'chatcluster',
    'app.kubernetes.io/instance': cluster,
    'app.kubernetes.io/component': component,
  };
}

export function labels(cluster: string, component?: Component): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'chatcluster',
    'app.kubernetes.io/instance': cluster,
    ...(component ? { 'app.kubernetes.io/component': component } : {}),
    'app.kubernetes.io/managed-by': FIELD_MANAGER,
    [CLUSTER_LABEL]: cluster,
  };
}

/** A selector as `/scale` wants it: `key=value,...`. */
export function selectorText(cluster: string, component: Component): string {
  return Object.entries(selectorLabels(cluster, component))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
