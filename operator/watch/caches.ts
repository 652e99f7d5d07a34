import { isDeepStrictEqual } from 'node:util';
import type { ChatCluster } from '../api/chat-cluster.ts';
import { CHILD_KINDS, OPTIONAL_KINDS } from '../api/kinds.ts';
import type { Endpoint, ForeignAutoscaler, KubeObject, Pod } from '../api/kube-object.ts';
import type { Observed } from '../apply/plan.ts';
import { CLUSTER_LABEL, type Component } from '../desired/names.ts';
import type { KubeClient } from '../kube/client.ts';
import { Reflector, type ReflectorOptions, type ReflectorState } from '../kube/reflector.ts';
import { RESOURCES, type Resource } from '../kube/resources.ts';
import { keyOf, Store, type StoreOptions } from '../kube/store.ts';
import { podKey, projectPod } from './pod-projection.ts';
import { projectChild, projectCluster } from './projections.ts';
import {
  autoscaledKey,
  clusterKey,
  leavingNode,
  projectAutoscaler,
  projectSlice,
  type Slice,
} from './related-objects.ts';
import { Shared } from './shared.ts';

/** State of the cache of one kind. */
export interface KindState extends ReflectorState {
  readonly kind: string;
  /** Number of cached objects. */
  readonly objects: number;
  /** Loss while the kind is missing, in words; undefined for a kind the operator cannot work without. */
  readonly without: string | undefined;
  /**
   * True while the kind cannot be listed, for example because a right is missing. The operator then goes on without an
   * optional kind, and waits for a needed one.
   */
  readonly isMissing: boolean;
}

export interface CachesOptions
  extends Pick<ReflectorOptions, 'namespace' | 'clock' | 'random' | 'onFailure' | 'onListed' | 'onEvent'> {
  readonly client: KubeClient;
  /**
   * True to watch nodes, which takes a right that a Role of one namespace cannot give. If false, no node counts as leaving.
   */
  readonly watchNodes: boolean;
  /**
   * Called with the key (`namespace/name`) of a ChatCluster when it changed, or a child, pod, EndpointSlice,
   * HorizontalPodAutoscaler or node of it. It must not throw.
   */
  readonly onChange: (key: string) => void;
  /** Called for a version of an object that could not be read. @param key `namespace/name` of the object */
  readonly onUnreadable?: (resource: Resource, key: string, error: unknown) => void;
  /** Called once when a kind goes missing. @param without what is lost; undefined for a kind that is needed */
  readonly onMissing?: (resource: Resource, error: unknown, without: string | undefined) => void;
  /** Called when a missing kind is listed again. */
  readonly onRegained?: (resource: Resource) => void;
}

interface Mirror {
  readonly resource: Resource;
  readonly store: ReflectorOptions['store'] & { readonly size: number };
  readonly reflector: Reflector;
}

/**
 * Everything the operator knows of the Kubernetes cluster, kept current by watches. Keys are `namespace/name` of a
 * ChatCluster. Returned objects are shared and must not be changed; a later change is a new object.
 */
export class Caches {
  readonly #clusters: Store<ChatCluster>;
  readonly #children: ReadonlyMap<string, Store<Observed>>;
  readonly #pods: Store<Pod>;
  readonly #slices: Store<Slice>;
  readonly #autoscalers: Store<ForeignAutoscaler>;
  /** Names of the nodes that are leaving. All other nodes are dropped, because their heartbeats change nothing. */
  readonly #leaving: Store<string>;
  readonly #mirrors = new Map<string, Mirror>();
  readonly #missing = new Set<string>();
  readonly #options: CachesOptions;

  constructor(options: CachesOptions) {
    this.#options = options;
    const { onChange } = options;
    const shared = new Shared();
    const mirror = <T>(
      resource: Resource,
      labelSelector: string,
      kept: Omit<StoreOptions<T>, 'onChange'>,
    ): Store<T> => {
      const onUnreadable = (raw: KubeObject, error: unknown) => options.onUnreadable?.(resource, keyOf(raw), error);
      const store = new Store({ onChange, onUnreadable, ...kept });
      this.#watch(resource, labelSelector, store);
      return store;
    };
    this.#clusters = mirror(RESOURCES.chatClusters, '', {
      project: raw => shared.of(projectCluster(raw)),
      group: keyOf,
    });
    this.#children = new Map(
      CHILD_KINDS.map(resource => [
        resource.kind,
        mirror(resource, CLUSTER_LABEL, { project: raw => shared.of(projectChild(raw)), group: clusterKey }),
      ]),
    );
    this.#pods = mirror(RESOURCES.pods, CLUSTER_LABEL, { project: raw => shared.of(projectPod(raw)), group: podKey });
    this.#slices = mirror(RESOURCES.endpointSlices, CLUSTER_LABEL, {
      project: raw => shared.of(projectSlice(raw)),
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
    if (options.watchNodes) this.#watch(RESOURCES.nodes, '', this.#leaving, '');
  }

  /** State of each kind. */
  kinds(): KindState[] {
    return [...this.#mirrors.values()].map(({ resource: { kind }, store, reflector }) => ({
      ...reflector.state,
      kind,
      objects: store.size,
      without: OPTIONAL_KINDS[kind],
      isMissing: this.#missing.has(kind),
    }));
  }

  /** False while an optional kind is missing. Objects of a kind that is not known must be left alone: they may exist. */
  knows(kind: string): boolean {
    return !(kind in OPTIONAL_KINDS && this.#missing.has(kind));
  }

  /** True once every kind is listed, or is optional and missing. */
  get isSynced(): boolean {
    return this.kinds().every(({ isSynced, isMissing, without }) => isSynced || (isMissing && without !== undefined));
  }

  /** Watches until `signal` aborts; never rejects. Must be called once. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#mirrors.values()].map(({ reflector }) => reflector.run(signal)));
  }

  /** Resolves when every kind has been listed once, or is optional and cannot be listed. */
  async synced(): Promise<void> {
    const firsts = [...this.#mirrors.values()].map(({ resource, reflector }) =>
      resource.kind in OPTIONAL_KINDS ? reflector.settled : reflector.synced,
    );
    await Promise.all(firsts);
  }

  /** Keys of all ChatClusters. */
  keys(): string[] {
    return this.#clusters.groups();
  }
  /** ChatCluster of a key, with all defaults filled in; undefined after it was deleted. */
  cluster(key: string): ChatCluster | undefined {
    return this.#clusters.group(key)[0];
  }
  /** Children of a ChatCluster, of all kinds that are known. */
  children(key: string): Observed[] {
    return [...this.#children].flatMap(([kind, store]) => (this.knows(kind) ? store.group(key) : []));
  }
  /** Pods of a ChatCluster and component, sorted by name, with terminating ones. */
  pods(key: string, component: Component): Pod[] {
    return this.#pods
      .group(key)
      .filter(pod => pod.metadata.labels?.['app.kubernetes.io/component'] === component)
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }
  /** Endpoints in all EndpointSlices of a Service. */
  endpoints(key: string, service: string): Endpoint[] {
    return this.#slices.group(key).flatMap(slice => (slice.service === service ? slice.endpoints : []));
  }
  /** HorizontalPodAutoscalers that scale the ChatCluster or a Deployment of its gateways. */
  autoscalersOf(key: string): ForeignAutoscaler[] {
    return this.knows(RESOURCES.horizontalPodAutoscalers.kind) ? this.#autoscalers.group(key) : [];
  }
  /** Names of the nodes that are cordoned or about to be removed. */
  leavingNodes(): ReadonlySet<string> {
    return new Set(this.knows(RESOURCES.nodes.kind) ? this.#leaving.groups() : []);
  }

  /** Takes the answer to a write by this operator, so that the next pass does not decide on an older version. */
  written(object: KubeObject): void {
    if (object.kind === RESOURCES.chatClusters.kind) this.#clusters.written(object);
    else if (object.kind === RESOURCES.pods.kind) this.#pods.written(object);
    else this.#children.get(object.kind)?.written(object);
  }

  #watch(resource: Resource, labelSelector: string, store: Mirror['store'], namespace = this.#options.namespace): void {
    const { onFailure, onMissing, onRegained } = this.#options;
    const { kind } = resource;
    const reflector = new Reflector({
      ...this.#options,
      namespace,
      resource,
      labelSelector,
      store,
      onFailure: (_, error, retryMs) => {
        const { isRefused, isSettled, isSynced } = reflector.state;
        if (!isRefused && (!isSettled || isSynced)) return onFailure(resource, error, retryMs);
        if (this.#missing.has(kind)) return;
        this.#missing.add(kind);
        onMissing?.(resource, error, OPTIONAL_KINDS[kind]);
      },
      onRecovered: () => {
        if (this.#missing.delete(kind)) onRegained?.(resource);
      },
    });
    this.#mirrors.set(kind, { resource, store, reflector });
  }

  #nodeChanged(node: string, onChange: (key: string) => void): void {
    for (const key of this.#pods.groups())
      if (this.#pods.group(key).some(pod => pod.spec?.nodeName === node)) onChange(key);
  }
}
