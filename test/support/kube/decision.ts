import type { Decision } from '../../../operator/autoscale/decide.ts';

/** A decision for `reason`, of a fleet of a size nobody looks at. */
export function decisionOf(reason: Decision['reason'], message = 'x'): Decision {
  return {
    reason,
    message,
    replicas: 3,
    connections: 240,
    capacity: undefined,
    wanted: 3,
    target: undefined,
    asks: [],
    history: [],
  };
}
