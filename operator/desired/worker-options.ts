/**
 * ConfigMaps with the options of the workers. Each revision has its own, which is immutable: a worker reads its options when it
 * starts, so options that an older image does not know must never reach the pods of an earlier revision.
 */
import type { ChatCluster } from '../api/chat-cluster.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { childName, labels } from './names.ts';

interface PodTemplate {
  readonly spec?: {
    readonly containers?: readonly {
      readonly envFrom?: readonly { readonly configMapRef?: { readonly name?: string } }[];
    }[];
  };
}

/** Name of the ConfigMap that a pod template takes its variables from; undefined for none. */
export function optionsIn(template: object | undefined): string | undefined {
  const [container] = (template as PodTemplate | undefined)?.spec?.containers ?? [];
  return container?.envFrom?.find(({ configMapRef }) => configMapRef)?.configMapRef?.name;
}

/** Variables in the ConfigMap that the workers of all revisions shared; none when it is not there. */
export function sharedVariables({ metadata }: ChatCluster, children: readonly KubeObject[]): ReadonlySet<string> {
  const name = childName.sharedWorkerOptions(metadata.name);
  const map = children.find(child => child.kind === 'ConfigMap' && child.metadata.name === name);
  return new Set(Object.keys((map as { data?: object } | undefined)?.data ?? {}));
}

/** The Deployment of the workers, as far as it is read here. */
export interface WorkerDeployment extends KubeObject {
  readonly spec?: { readonly replicas?: number; readonly template?: object };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

/** True if only the newest ReplicaSet of a Deployment has pods or will have some. */
function isRolledOut({ metadata, spec, status = {} }: WorkerDeployment): boolean {
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const wanted = spec?.replicas ?? 1;
  return (
    observedGeneration >= (metadata.generation ?? 0) &&
    replicas === updatedReplicas &&
    updatedReplicas >= wanted &&
    availableReplicas >= wanted
  );
}

/**
 * Names of the ConfigMaps that worker pods may still start with. A ReplicaSet of an earlier revision creates pods until the
 * rollout is over. Without a Deployment this is not known, and all of them stay.
 * @param noted names of ConfigMaps that the workers may go back to
 */
export function optionsInUse(
  cluster: ChatCluster,
  children: readonly KubeObject[],
  workers: WorkerDeployment | undefined,
  noted: readonly string[] = [],
): ReadonlySet<string> {
  const own = labels(cluster.metadata.name, 'worker');
  const maps = children
    .filter(({ kind }) => kind === 'ConfigMap')
    .filter(({ metadata }) => Object.entries(own).every(([key, value]) => metadata.labels?.[key] === value))
    .map(({ metadata }) => metadata.name);
  if (!workers || !isRolledOut(workers)) return new Set(maps);
  const read = optionsIn(workers.spec?.template);
  return new Set(maps.filter(name => name === read || noted.includes(name)));
}
