import type { ChatCluster } from '../api/chat-cluster.ts';
import type { Alteration } from '../apply/repairs.ts';
import type { WriteFailure } from '../apply/write-failure.ts';
import type { Decision, ScaleInput } from '../autoscale/decide.ts';
import type { WorkerDecision } from '../autoscale/decide-workers.ts';
import type { FleetInput, FleetPlan } from '../fleet/fleet.ts';

/** How many gateways and workers there should be, and why. */
export interface Scaling {
  readonly decision: Decision;
  /** What was decided on, for the record. */
  readonly input: ScaleInput;
  /** Gateways to run; 0 while hibernating. */
  readonly size: number;
  readonly current: number;
  /** Whether the size is what somebody else made it. */
  readonly sizedByOthers: boolean;
  readonly workers: WorkerDecision;
}

/** What one pass found out and decided. */
export interface Pass {
  readonly key: string;
  readonly cluster: ChatCluster;
  readonly scaling: Scaling;
  readonly fleet: FleetInput;
  readonly plan: FleetPlan;
}

/** What came of the writes of a pass. */
export interface Result {
  readonly failure: WriteFailure | undefined;
  readonly altered: readonly Alteration[];
}
