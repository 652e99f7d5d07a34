import { isDeepStrictEqual } from 'node:util';
import type { ChatCluster } from '../api/chat-cluster.ts';
import type { Endpoint, ForeignAutoscaler, KubeObject, Pod } from '../api/kube-object.ts';
import { CLUSTER_LABEL, type Component } from '../desired/names.ts';
import type { KubeClient } from '../kube/client.ts';
import { Reflector, type ReflectorOptions } from '../kube/reflector.ts';
import { RESOURCES, type Resource } from '../kube/resources.ts';
import { keyOf, Store, type StoreOptions } from '../kube/store.ts';
import type { Observed } from '../reconcile/plan.ts';
import { podKey, projectPod } from './pod-projection.ts';
import { projectChild, projectCluster } from './projections.ts';
import { autoscaledKey, clusterKey, leavingNode, projectAutoscaler, projectSlice, type Slice } from './surroundings.ts';

export interface CachesOptions extends Pick<ReflectorOptions, 'namespace' | 'clock' | 'random' | 'onFailure'> {
  readonly client: KubeClient;
  /** Whether to watch nodes: a right that a Role of one namespace cannot give. Without it no node is ever leaving. */
  readonly watchNodes: boolean;
  /**
   * Told the key (`namespace/name`) of a ChatCluster when it, or a child, pod, EndpointSlice, HorizontalPodAutoscaler or
   * node of it changed.
   */
  readonly onChange: (key: string) => void;
}

const CHILD_RESOURCES = [
  RESOURCES.deployments,
  RESOURCES.services,
  RESOURCES.configMaps,
  RESOURCES.serviceAccounts,
  RESOURCES.podDisruptionBudgets,
] as const;

/** All the operator knows of the cluster, kept current by watches. Keys are `namespace/name` of a ChatCluster. */
export class Caches {
  readonly #clusters: Store<ChatCluster>;
  readonly #children: ReadonlyMap<string, Store<Observed>>;
  readonly #pods: Store<Pod>;
  readonly #slices: Store<Slice>;
  readonly #autoscalers: Store<ForeignAutoscaler>;
  /** By name, and only those that leave: heartbeats of all the others are no news. */
  readonly #leaving: Store<string>;
  readonly #stores = new Map<string, { readonly size: number }>();
  readonly #reflectors: Reflector[] = [];

  constructor(options: CachesOptions) {
    const { onChange } = options;
    const mirror = <T>(
      resource: Resource,
      labelSelector: string,
      kept: Omit<StoreOptions<T>, 'onChange'>,
    ): Store<T> => {
      const store = new Store({ onChange, ...kept });
      this.#stores.set(resource.kind, store);
      this.#reflectors.push(new Reflector({ ...options, resource, labelSelector, store }));
      return store;
    };
    this.#clusters = mirror(RESOURCES.chatClusters, '', { project: projectCluster, group: keyOf });
    this.#children = new Map(
      CHILD_RESOURCES.map(resource => [
        resource.kind,
        mirror(resource, CLUSTER_LABEL, { project: projectChild, group: clusterKey }),
      ]),
    );
    this.#pods = mirror(RESOURCES.pods, CLUSTER_LABEL, { project: projectPod, group: podKey });
    this.#slices = mirror(RESOURCES.endpointSlices, CLUSTER_LABEL, {
      project: projectSlice,
      group: clusterKey,
      same: isDeepStrictEqual,
    });
    this.#autoscalers = mirror(RESOURCES.horizontalPodAutoscalers, '', {
      project: projectAutoscaler,
      group: autoscaledKey,
      same: isDeepStrictEqual,
    });
    this.#leaving = new Store({
      project: raw => raw.metadata.name,
      group: leavingNode,
      same: () => true,
      onChange: node => this.#nodeChanged(node, onChange),
    });
    if (options.watchNodes) {
      this.#stores.set(RESOURCES.nodes.kind, this.#leaving);
      this.#reflectors.push(
        new Reflector({
          ...options,
          namespace: '',
          resource: RESOURCES.nodes,
          labelSelector: '',
          store: this.#leaving,
        }),
      );
    }
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

  /** How many objects of each kind are held. */
  sizes(): (readonly [kind: string, count: number])[] {
    return [...this.#stores].map(([kind, store]) => [kind, store.size] as const);
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
  /** By name, those that terminate too. */
  pods(key: string, component: Component): Pod[] {
    return this.#pods
      .group(key)
      .filter(pod => pod.metadata.labels?.['app.kubernetes.io/component'] === component)
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }
  /** What the EndpointSlices of a Service offer to clients. */
  endpoints(key: string, service: string): Endpoint[] {
    return this.#slices.group(key).flatMap(slice => (slice.service === service ? slice.endpoints : []));
  }
  /** HorizontalPodAutoscalers that scale the ChatCluster or a Deployment of its gateways. */
  autoscalersOf(key: string): ForeignAutoscaler[] {
    return this.#autoscalers.group(key);
  }
  /** Names of the nodes that take no more pods or are about to be removed. */
  leavingNodes(): ReadonlySet<string> {
    return new Set(this.#leaving.groups());
  }

  /** Takes the answer to a write of our own, so that the next pass does not decide on older knowledge. */
  written(object: KubeObject): void {
    if (object.kind === RESOURCES.chatClusters.kind) this.#clusters.written(object);
    else if (object.kind === RESOURCES.pods.kind) this.#pods.written(object);
    else this.#children.get(object.kind)?.written(object);
  }

  #nodeChanged(node: string, onChange: (key: string) => void): void {
    for (const key of this.#pods.groups())
      if (this.#pods.group(key).some(pod => pod.spec?.nodeName === node)) onChange(key);
  }
}
