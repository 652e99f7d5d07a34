import type { AutoscalingSpec } from '../../operator/api/chat-cluster.ts';
import { stored } from '../support/crd-schema.ts';

export interface AutoscalingChange extends Partial<Omit<AutoscalingSpec, 'behavior' | 'targetConnections'>> {
  /** undefined: learned. */
  readonly targetConnections?: number | undefined;
  readonly behavior?: {
    readonly scaleUp?: Partial<AutoscalingSpec['behavior']['scaleUp']>;
    readonly scaleDown?: Partial<AutoscalingSpec['behavior']['scaleDown']>;
  };
}

/** `gateway.autoscaling` with the schema's defaults, mode Builtin. */
export function autoscaling(change: AutoscalingChange = {}): AutoscalingSpec {
  return stored({ gateway: { autoscaling: { mode: 'Builtin', ...change } } }).spec.gateway.autoscaling;
}
