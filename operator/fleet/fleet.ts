/**
 * Input and output of the fleet planner: the gateways of one ChatCluster, their revisions and the Service in front of them.
 * All input is observed state. The planner remembers nothing, so that another operator goes on where one ended.
 */
import type { TrafficIntent } from '../../server/contract/traffic.ts';

/**
 * A gateway pod, also while it terminates. Times named `since` count from when this operator first saw the state, by the
 * clock of {@link FleetInput.now}.
 */
export interface FleetPod {
  readonly name: string;
  /** Revision of its Deployment. */
  readonly revision: string;
  readonly scheduled: boolean;
  readonly running: boolean;
  readonly ready: boolean;
  readonly terminating: boolean;
  /** False if the client Service skips the pod although it serves its revision, because its label was taken away. */
  readonly selectable: boolean;
  /** True if an EndpointSlice of the client Service offers it to new connections. */
  readonly offered: boolean;
  /** Time since when an EndpointSlice has offered it; undefined while none does. */
  readonly offeredSince: number | undefined;
  /** Time since when no EndpointSlice has offered it; undefined while one does. */
  readonly unofferedSince: number | undefined;
  /** True if its node is cordoned or about to be removed. */
  readonly nodeLeaving: boolean;
  readonly intent: TrafficIntent | undefined;
  /** Time since when it has had exactly this intent; undefined without one. */
  readonly intentSince: number | undefined;
  /** Connections it reported; undefined when it did not answer. A pod that never ran has 0. */
  readonly connections: number | undefined;
  /** True if it refuses new connections; undefined when it did not report it, as older gateways do not. */
  readonly refusing: boolean | undefined;
  /** True if it reaches NATS; undefined when it did not report it. */
  readonly natsUp: boolean | undefined;
  /** Time since when it has lacked NATS while most others had it; undefined otherwise. */
  readonly cutOffSince: number | undefined;
  /** Creation time by the clock of the API server, in milliseconds since 1970. */
  readonly createdAt: number;
}

/** One Deployment of gateways. */
export interface FleetRevision {
  readonly revision: string;
  readonly replicas: number;
  /** True if Kubernetes creates no further pods of it, for example under a quota; missing otherwise. */
  readonly refused?: boolean;
  /** Creation time by the clock of the API server, in milliseconds since 1970; 0 when unknown. */
  readonly createdAt: number;
  /**
   * Time of day at which the operator last made it the target, in milliseconds since 1970; 0 when not recorded. It only
   * orders revisions by age; no duration is measured from it.
   */
  readonly targetedAt: number;
  /** Time since when this operator has seen it with this {@link targetedAt}. */
  readonly targetedSince: number;
  /** Reason why its rollout was stopped, recorded on the Deployment; empty when it was not. */
  readonly stopped: string;
}

/** Settings of the spec that the planner reads. */
export interface FleetSettings {
  readonly drain: {
    readonly delaySeconds: number;
    readonly timeoutSeconds: number;
    readonly reconnectsPerSecond: number;
    readonly patienceSeconds: number;
  };
  readonly rollout: {
    readonly strategy: 'MoveOnce' | 'Surge' | 'OnDelete';
    readonly surgePercent: number;
    /** A count, or a percentage such as `30%`. */
    readonly maxSurge: number | string;
    /** Percent is 0 without a canary. */
    readonly canary: { readonly percent: number; readonly seconds: number };
    readonly progressDeadlineSeconds: number;
  };
  readonly rebalance: {
    readonly mode: 'Enabled' | 'Disabled';
    readonly tolerancePercent: number;
    readonly connectionsPerSecond: number;
    readonly afterRolloutSeconds: number;
  };
  readonly capacity: {
    /** Most connections of a gateway. */
    readonly maxConnections: number;
    /** Connections a gateway should have; undefined without an autoscaler. */
    readonly targetConnections: number | undefined;
    /** Free places that should remain over all gateways. */
    readonly freePlaces: number;
  };
}

/** Everything one fleet plan depends on. */
export interface FleetInput {
  readonly settings: FleetSettings;
  /** Revision of the spec. */
  readonly target: string;
  /** Revision that a person undid by annotation; empty for none. */
  readonly undone: string;
  /** Revision the client Service selects, or {@link ALL_REVISIONS}; undefined while there is no Service. */
  readonly serving: string | undefined;
  /** Time since when the Service has selected it; negative infinity if the Service never moved. */
  readonly servingSince: number;
  /** Time of day of the Service's last move to another revision, in milliseconds since 1970; 0 for never. */
  readonly movedAt: number;
  readonly revisions: readonly FleetRevision[];
  readonly pods: readonly FleetPod[];
  /** Gateways to run, by the autoscaler or `gateway.replicas`; 0 while hibernating. */
  readonly size: number;
  /**
   * True if another controller sets the number of gateways. Kubernetes then picks the pods to remove, and no victim is
   * chosen.
   */
  readonly sizedByOthers?: boolean;
  /** Reason why clients must not be moved to a new revision now, such as NATS being unreachable; empty when they may. */
  readonly hold: string;
  /** Reason why the revision that clients are being moved to is worse than the old one; empty when it is not. */
  readonly unhealthy: string;
  /** Time since when all plans have been {@link FleetPlan.short}; undefined if the last one was not. */
  readonly shortSince: number | undefined;
  /** Milliseconds that never run backwards. All durations are measured with them. */
  readonly now: number;
  /** Time of day in milliseconds since 1970, used only for what is written down. */
  readonly wall: number;
}

export type RolloutReason =
  /** One revision exists, and it serves. */
  | 'Complete'
  /** One revision exists, and none of its gateways is ready: the ChatCluster is new, wakes up, or is in trouble. */
  | 'NoneReady'
  /** The gateways of the new revision are not all ready yet. */
  | 'Starting'
  /** Some new gateways take clients beside the old ones, and no client is moved. */
  | 'Canary'
  /** The Service has moved, and load balancers may not have noticed yet. */
  | 'Spreading'
  /** Connections of old gateways are being closed in waves. */
  | 'Moving'
  /** Old pods are replaced when a person deletes them. */
  | 'WaitingForDelete'
  | 'Held'
  /** The new revision is worse than the old one, or never became ready. */
  | 'Stopped';

/** Fleet plan: the next step for the gateways of a ChatCluster. */
export interface FleetPlan {
  /** Revision that all clients should reach in the end. */
  readonly target: string;
  /** Revision the client Service selects from now on, or {@link ALL_REVISIONS}. */
  readonly serving: string;
  /** Deployments that should exist, with their replicas. Others are deleted. */
  readonly revisions: readonly { readonly revision: string; readonly replicas: number; readonly targetedAt: number }[];
  /** Intents of the pods whose intent changes: the new one, or undefined to remove it. */
  readonly intents: ReadonlyMap<string, TrafficIntent | undefined>;
  readonly rollout: { readonly reason: RolloutReason; readonly message: string };
  /** One sentence on a scale-down or rebalance in progress, and on gateways without NATS; empty without. */
  readonly draining: string;
  /** True if too few gateways take clients for the current step. When that lasts, the step is given up. */
  readonly short: boolean;
  /** Reason to record on the target's Deployment; empty to leave it as it is. */
  readonly stop: string;
  /** Milliseconds after which the plan changes with time alone; undefined when it does not. */
  readonly againMs: number | undefined;
}
