import type { GatewayLoad } from '../../server/contract/load.ts';
import type { ChatCluster } from '../api/chat-cluster.ts';
import type { Probe } from '../ask/probes.ts';
import type { FleetPlan } from '../fleet/fleet.ts';

export interface QuietInput {
  /** With the status as it is after the pass. */
  readonly cluster: ChatCluster;
  readonly plan: Pick<FleetPlan, 'rollout' | 'draining' | 'againMs'>;
  readonly probe: Probe | undefined;
}

/**
 * Whether nothing depends on what the pods of a ChatCluster say: nobody scales by it, nobody is moved, everything works, and all
 * of them said so the last time. Then asking them now and then is enough to notice when that changes.
 */
export function isQuiet({ cluster: { spec, status }, plan, probe }: QuietInput): boolean {
  if ([spec.gateway, spec.worker].some(({ autoscaling }) => autoscaling.mode === 'Builtin')) return false;
  if (plan.rollout.reason !== 'Complete' || plan.draining !== '' || plan.againMs !== undefined) return false;
  if (!status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')) return false;
  if (!probe?.backends.health || (probe.backends.log?.room ?? 'Enough') !== 'Enough') return false;
  const { nats, store } = probe.backends.health;
  if (!nats.reachable || !store.reachable) return false;
  // A gateway that was opened again is offered to clients once it says that it refuses them no more.
  const isCalm = (load: GatewayLoad | undefined) => load && load.natsUp !== false && load.refusing !== true;
  return probe.loads.every(({ load, cached }) => isCalm(load) && !cached);
}
