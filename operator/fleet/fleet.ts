/**
 * What the fleet planner sees and what it wants: the gateways of one ChatCluster, their revisions and the Service in front.
 * Everything is observed state; the planner remembers nothing, so that another operator goes on where one ended.
 */
import type { TrafficIntent } from '../../server/contract/traffic.ts';

/**
 * A gateway pod, terminating ones too. What has lasted `since` some time is measured with the clock of {@link FleetInput.now},
 * from when this operator first saw it so.
 */
export interface FleetPod {
  readonly name: string;
  /** Revision of the Deployment that made it. */
  readonly revision: string;
  readonly scheduled: boolean;
  readonly running: boolean;
  readonly ready: boolean;
  readonly terminating: boolean;
  /** False while the client Service passes it over although it serves its revision: its label was taken away. */
  readonly selectable: boolean;
  /** Whether an EndpointSlice of the client Service still offers it to new connections. */
  readonly offered: boolean;
  /** Since when an EndpointSlice has been seen to offer it; undefined while none does. */
  readonly offeredSince: number | undefined;
  /** Since when no EndpointSlice was seen to offer it; undefined while one does. */
  readonly unofferedSince: number | undefined;
  /** On a node that takes no more pods: it is about to be drained. */
  readonly nodeLeaving: boolean;
  readonly intent: TrafficIntent | undefined;
  /** Since when it has had this very intent; undefined without one. */
  readonly intentSince: number | undefined;
  /** What it said it holds; undefined when it did not say. A pod that never ran holds 0. */
  readonly connections: number | undefined;
  /** Whether it said that it refuses new connections; undefined when it did not say, as an older gateway. */
  readonly refusing: boolean | undefined;
  /** True if it reaches NATS; undefined when it did not say. */
  readonly natsUp: boolean | undefined;
  /** Since when it has been seen without NATS while most others had it; undefined while that is not so. */
  readonly cutOffSince: number | undefined;
  /** By the clock of the API server, milliseconds since 1970. */
  readonly createdAt: number;
}

/** A Deployment of gateways. */
export interface FleetRevision {
  readonly revision: string;
  readonly replicas: number;
  /** Whether Kubernetes creates no further pods of it, as under a quota; missing: it does. */
  readonly refused?: boolean;
  /** By the clock of the API server, milliseconds since 1970; 0 when it is not known. */
  readonly createdAt: number;
  /**
   * When it last became the revision of the spec, by the time of day of the operator that saw to it, milliseconds since 1970; 0
   * when nobody wrote it down. It tells which revision is the newest, and nothing is measured from it.
   */
  readonly targetedAt: number;
  /** Since when this operator has seen it wanted since {@link targetedAt}. */
  readonly targetedSince: number;
  /** Why its rollout was stopped, latched on the Deployment; empty when it was not. */
  readonly stopped: string;
}

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
    /** A count, or per cent such as `30%`. */
    readonly maxSurge: number | string;
    /** Without a canary `percent` is 0. */
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
    /** Connections a gateway may hold. */
    readonly maxConnections: number;
    /** Connections a gateway is to hold; undefined where no autoscaler sees to it. */
    readonly targetConnections: number | undefined;
    /** Places that are to be free over all gateways. */
    readonly freePlaces: number;
  };
}

export interface FleetInput {
  readonly settings: FleetSettings;
  /** Revision of the spec. */
  readonly target: string;
  /** Revision that a person took back by annotation; empty for none. */
  readonly undone: string;
  /** Revision the client Service selects, or {@link ALL_REVISIONS}; undefined while there is no Service. */
  readonly serving: string | undefined;
  /** Since when it has; negative infinity where the Service was never moved. */
  readonly servingSince: number;
  /** When the client Service was last moved from one revision to another, by the time of day, milliseconds since 1970; 0 for never. */
  readonly movedAt: number;
  readonly revisions: readonly FleetRevision[];
  readonly pods: readonly FleetPod[];
  /** Gateways to run: what the autoscaler or gateway.replicas says; 0 while hibernating. */
  readonly size: number;
  /** True if somebody else sets the number of gateways, and Kubernetes removes them: none is chosen and emptied for it. */
  readonly sizedByOthers?: boolean;
  /** Why clients must not be moved to a new revision now, such as NATS unreachable; empty when they may. */
  readonly hold: string;
  /** Why the revision that clients are being moved to is worse than the old one; empty when it is not. */
  readonly unhealthy: string;
  /** Since when the plans in a row have been {@link FleetPlan.short}; undefined while the last one was not. */
  readonly shortSince: number | undefined;
  /** Milliseconds that never run backwards: everything is measured with these. */
  readonly now: number;
  /** The time of day, milliseconds since 1970: only for what is written down. */
  readonly wall: number;
}

export type RolloutReason =
  /** One revision, all of it serving. */
  | 'Complete'
  /** One revision, and none of its gateways ready: a new ChatCluster, one that wakes, or one in trouble. */
  | 'NoneReady'
  /** The new revision's gateways are not all ready yet. */
  | 'Starting'
  /** Some new gateways take clients beside the old ones, and nobody is moved. */
  | 'Canary'
  /** The Service has moved; load balancers may not have heard of it. */
  | 'Spreading'
  /** Connections of old gateways are being closed in waves. */
  | 'Moving'
  /** Old pods are replaced when somebody deletes them. */
  | 'WaitingForDelete'
  | 'Held'
  /** The new revision is worse than the old one, or never became ready. */
  | 'Stopped';

export interface FleetPlan {
  /** Revision clients should end at. */
  readonly target: string;
  /** Revision the client Service selects from now on, or {@link ALL_REVISIONS}. */
  readonly serving: string;
  /** Deployments there should be, with their replicas. Others are removed. */
  readonly revisions: readonly { readonly revision: string; readonly replicas: number; readonly targetedAt: number }[];
  /** Pods whose intent changes: the new one, or undefined to take it away. */
  readonly intents: ReadonlyMap<string, TrafficIntent | undefined>;
  readonly rollout: { readonly reason: RolloutReason; readonly message: string };
  /** A sentence on a scale-down or rebalance in progress, and on gateways without NATS; empty without. */
  readonly draining: string;
  /** True if too few gateways take clients for what goes on, which is given up when that lasts. */
  readonly short: boolean;
  /** Reason to latch on the target's Deployment; empty to leave it. */
  readonly stop: string;
  /** Milliseconds after which the passing of time alone changes the plan; undefined when it does not. */
  readonly againMs: number | undefined;
}
