/** Parts of Kubernetes' objects that the operator reads. All objects are raw JSON, so that no field is lost. */

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  /** Seconds from the deletion to its timestamp. */
  readonly deletionGracePeriodSeconds?: number;
  /** Names of controllers that have work to do before the object is removed. */
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** `metav1.Condition`. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

/** One container of a Pod, as the caches keep it. */
export interface PodContainer {
  readonly name: string;
  readonly restarts: number;
  /** Time at which it started; missing while it does not run. */
  readonly startedAt?: string;
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  /** Image; only while it waits. */
  readonly image?: string;
  /** End of its last run. */
  readonly lastExit?: {
    readonly reason?: string;
    readonly exitCode?: number;
    readonly finishedAt?: string;
    /** Last line of its log or termination message. */
    readonly message?: string;
  };
  /** Memory limit; only if it was killed because it ran out of memory. */
  readonly memoryLimit?: string;
}

/** A Pod, as the caches keep it. */
export interface Pod extends KubeObject {
  /** Without `nodeName` until it is scheduled. */
  readonly spec?: { readonly nodeName?: string };
  readonly status: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastTransitionTime?: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly containers: readonly PodContainer[];
    /** Init containers and sidecars among them; missing without any. */
    readonly initContainers?: readonly PodContainer[];
    /** Reason of a failed pod, such as `Evicted`. */
    readonly reason?: string;
    readonly message?: string;
  };
}

/** A pod behind a Service, as EndpointSlices list it: twice for a Service of two address families. */
export interface Endpoint {
  /** Name of the pod. */
  readonly pod: string;
  /** True if it takes new connections. */
  readonly ready: boolean;
  /** As `ready`, but also true while it terminates. */
  readonly serving: boolean;
  readonly terminating: boolean;
}

/** A HorizontalPodAutoscaler, as the caches keep it. */
export interface ForeignAutoscaler {
  readonly name: string;
  /** Object that it scales. */
  readonly target: { readonly kind: string; readonly name: string };
}

/** True if a pod is ready and not being deleted. */
export function isReady(pod: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined &&
    pod.status.conditions.some(condition => condition.type === 'Ready' && condition.status === 'True')
  );
}

/** True if one container of a pod runs. The phase of the pod is about any container, such as a sidecar. */
export function isRunning(pod: Pod, container: string): boolean {
  return pod.status.containers.some(({ name, startedAt }) => name === container && startedAt !== undefined);
}
