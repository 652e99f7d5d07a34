/** Objects of the simulated API server: what of the real ones matters to a fleet. They never change, they are replaced. */
import type { TrafficIntent } from '../../../server/contract/traffic.ts';

export interface Versioned {
  readonly name: string;
  /** `metadata.resourceVersion`; 0 before it is stored. */
  readonly version: number;
}

/** A pod of gateways. Times are milliseconds since 1970. */
export interface PodObject extends Versioned {
  readonly revision: string;
  readonly createdAt: number;
  readonly node: string | undefined;
  readonly phase: 'Pending' | 'Running';
  /** True if its container runs. False while it waits to be restarted, although the phase stays Running. */
  readonly running: boolean;
  readonly ready: boolean;
  readonly readySince: number | undefined;
  readonly terminating: boolean;
  readonly intent: TrafficIntent | undefined;
  /** True if it has the label that asks for clients. */
  readonly labelled: boolean;
  /** `controller.kubernetes.io/pod-deletion-cost`. */
  readonly cost: number;
  readonly restarts: number;
}

/** The Deployment of a revision, which is its name. */
export interface DeploymentObject extends Versioned {
  readonly createdAt: number;
  readonly replicas: number;
  /** Time at which it last became the revision of the spec, by an operator's time of day. */
  readonly targetedAt: number;
  /** Reason for which its rollout was stopped; empty if it was not. */
  readonly stopped: string;
  /** True if its pods start with the label that asks for clients. Templates of older operators lack it. */
  readonly labelled: boolean;
}

/** The client Service. */
export interface ServiceObject extends Versioned {
  /** Revision it selects, or `ALL_REVISIONS`. */
  readonly serving: string;
  /** True if it selects only pods with the label that asks for clients. */
  readonly labelled: boolean;
  /** Time at which it was last pointed at another revision, by an operator's time of day; 0 for never. */
  readonly movedAt: number;
}

/** All EndpointSlices of the client Service. */
export interface SlicesObject extends Versioned {
  readonly pods: readonly string[];
}

export interface NodeObject extends Versioned {
  readonly unschedulable: boolean;
  /** Number of pods that fit. */
  readonly room: number;
}
