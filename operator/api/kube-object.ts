/** The parts of Kubernetes' objects the operator reads. Everything is raw JSON, so that no field is lost on the way. */

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
  /** Who has something to do before the object goes. */
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

/** What is kept of one container of a Pod. */
export interface PodContainer {
  readonly name: string;
  readonly restarts: number;
  /** Since when it runs; missing while it does not. */
  readonly startedAt?: string;
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  /** Its image, while it waits. */
  readonly image?: string;
  /** How it stopped last. */
  readonly lastExit?: {
    readonly reason?: string;
    readonly exitCode?: number;
    readonly finishedAt?: string;
    /** Its last words, one line. */
    readonly message?: string;
  };
  /** Its limit, where it was killed for want of memory. */
  readonly memoryLimit?: string;
}

/** What is kept of a Pod. */
export interface Pod extends KubeObject {
  /** Its `nodeName` is missing until it is scheduled. */
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
    /** Also sidecars that are started like one; missing without any. */
    readonly initContainers?: readonly PodContainer[];
    /** Why a pod that has failed did, such as `Evicted`. */
    readonly reason?: string;
    readonly message?: string;
  };
}

/** A pod behind a Service, as load balancers are told. Behind a Service of two address families it is listed twice. */
export interface Endpoint {
  /** The pod's name. */
  readonly pod: string;
  /** Whether it takes new connections. */
  readonly ready: boolean;
  /** Whether it would, were it not terminating. */
  readonly serving: boolean;
  readonly terminating: boolean;
}

/** What is kept of a HorizontalPodAutoscaler. */
export interface ForeignAutoscaler {
  readonly name: string;
  /** What it scales. */
  readonly target: { readonly kind: string; readonly name: string };
}

export function isReady(pod: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined &&
    pod.status.conditions.some(condition => condition.type === 'Ready' && condition.status === 'True')
  );
}

/** Whether one container of a pod runs. The pod's phase says so of any of them, such as a sidecar. */
export function isRunning(pod: Pod, container: string): boolean {
  return pod.status.containers.some(({ name, startedAt }) => name === container && startedAt !== undefined);
}
