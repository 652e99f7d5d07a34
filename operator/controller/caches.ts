import type { ChatCluster } from '../api/chat-cluster.ts';
import type { KubeObject, Pod } from '../api/kube-object.ts';
import { CLUSTER_LABEL, type Component } from '../desired/names.ts';
import type { KubeClient } from '../kube/client.ts';
import { Reflector, type ReflectorOptions } from '../kube/reflector.ts';
import { RESOURCES, type Resource } from '../kube/resources.ts';
import { keyOf, Store } from '../kube/store.ts';
import type { Observed } from '../reconcile/plan.ts';
import { projectChild, projectCluster, projectPod } from './projections.ts';

export interface CachesOptions extends Pick<ReflectorOptions, 'namespace' | 'clock' | 'random' | 'onFailure'> {
  readonly client: KubeClient;
  /** Told the key (`namespace/name`) of a ChatCluster when it, a child or a pod of it changed. */
  readonly onChange: (key: string) => void;
}

const CHILD_RESOURCES = [
  RESOURCES.deployments,
  RESOURCES.services,
  RESOURCES.configMaps,
  RESOURCES.serviceAccounts,
] as const;

function clusterKey({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.labels?.[CLUSTER_LABEL] ?? ''}`;
}

/** All the operator knows of the cluster, kept current by watches. Keys are `namespace/name` of a ChatCluster. */
export class Caches {
  readonly #clusters: Store<ChatCluster>;
  readonly #children: ReadonlyMap<string, Store<Observed>>;
  readonly #pods: Store<Pod>;
  readonly #reflectors: Reflector[] = [];

  constructor(options: CachesOptions) {
    const { onChange } = options;
    const reflect = <T>(resource: Resource, labelSelector: string, store: Store<T>): Store<T> => {
      this.#reflectors.push(new Reflector({ ...options, resource, labelSelector, store }));
      return store;
    };
    this.#clusters = reflect(
      RESOURCES.chatClusters,
      '',
      new Store({ project: projectCluster, group: keyOf, onChange }),
    );
    this.#children = new Map(
      CHILD_RESOURCES.map(resource => [
        resource.kind,
        reflect(resource, CLUSTER_LABEL, new Store({ project: projectChild, group: clusterKey, onChange })),
      ]),
    );
    this.#pods = reflect(
      RESOURCES.pods,
      CLUSTER_LABEL,
      new Store({ project: projectPod, group: clusterKey, onChange }),
    );
  }

  get isSynced(): boolean {
    return this.#reflectors.every(reflector => reflector.isSynced);
  }

  /** Watches until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map(reflector => reflector.run(signal)));
  }

  /** Resolves when every kind has been listed once. */
  async synced(): Promise<void> {
    await Promise.all(this.#reflectors.map(reflector => reflector.synced));
  }

  keys(): string[] {
    return this.#clusters.groups();
  }
  cluster(key: string): ChatCluster | undefined {
    return this.#clusters.group(key)[0];
  }
  children(key: string): Observed[] {
    return [...this.#children.values()].flatMap(store => store.group(key));
  }
  pods(key: string, component: Component): Pod[] {
    return this.#pods
      .group(key)
      .filter(pod => pod.metadata.labels?.['app.kubernetes.io/component'] === component)
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  /** Takes the answer to a write of our own, so that the next pass does not decide on older knowledge. */
  written(object: KubeObject): void {
    if (object.kind === RESOURCES.chatClusters.kind) this.#clusters.written(object);
    else this.#children.get(object.kind)?.written(object);
  }
}
