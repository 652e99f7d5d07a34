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
  /** Whether its container runs: not while it waits to be started again, although the phase stays Running. */
  readonly running: boolean;
  readonly ready: boolean;
  readonly readySince: number | undefined;
  readonly terminating: boolean;
  readonly intent: TrafficIntent | undefined;
  /** Whether it carries the label that asks for clients. */
  readonly labelled: boolean;
  /** `controller.kubernetes.io/pod-deletion-cost`. */
  readonly cost: number;
  readonly restarts: number;
}

/** The Deployment of a revision, which is its name. */
export interface DeploymentObject extends Versioned {
  readonly createdAt: number;
  readonly replicas: number;
  /** When it last became the revision of the spec, by the time of day of an operator. */
  readonly targetedAt: number;
  /** Why its rollout was stopped; empty when it was not. */
  readonly stopped: string;
  /** Whether its pods come with the label that asks for clients: not where an older operator wrote their template. */
  readonly labelled: boolean;
}

/** The client Service. */
export interface ServiceObject extends Versioned {
  /** Revision it selects, or `ALL_REVISIONS`. */
  readonly serving: string;
  /** Whether it selects only pods with the label that asks for clients. */
  readonly labelled: boolean;
  /** When it was last pointed at another revision, by the time of day of an operator; 0 for never. */
  readonly movedAt: number;
}

/** All EndpointSlices of the client Service. */
export interface SlicesObject extends Versioned {
  readonly pods: readonly string[];
}

export interface NodeObject extends Versioned {
  readonly unschedulable: boolean;
  /** How many pods fit. */
  readonly room: number;
}
