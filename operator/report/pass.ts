import type { KubeObject } from '../api/kube-object.ts';
import type { Alteration } from '../apply/repairs.ts';
import type { WriteFailure } from '../apply/write-failure.ts';
import type { Decision, ScaleInput } from '../autoscale/decide.ts';
import type { WorkerDecision } from '../autoscale/decide-workers.ts';
import type { FleetInput, FleetPlan } from '../fleet/fleet.ts';
import type { Snapshot } from './snapshot.ts';

/** Numbers of gateways and workers to run, and why. */
export interface Scaling {
  readonly decision: Decision;
  /** Inputs of the decision, for the debug log. */
  readonly input: ScaleInput;
  /** Gateways to run; 0 while hibernating. */
  readonly size: number;
  readonly current: number;
  /** True if another autoscaler sets the size. */
  readonly sizedByOthers: boolean;
  readonly workers: WorkerDecision;
}

/** Knowledge and decisions of one pass. */
export interface Pass {
  readonly snapshot: Snapshot;
  readonly scaling: Scaling;
  readonly fleet: FleetInput;
  readonly plan: FleetPlan;
}

/** Outcome of the writes of a pass. */
export interface Result {
  /** Objects as the API server answered, raw. */
  readonly written: readonly KubeObject[];
  readonly failure: WriteFailure | undefined;
  readonly altered: readonly Alteration[];
}
