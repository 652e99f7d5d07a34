import type { GatewayLoad } from '../../server/contract/load.ts';
import type { ChatCluster } from '../api/chat-cluster.ts';
import type { Probe } from '../ask/probes.ts';
import type { FleetPlan } from '../fleet/fleet.ts';

export interface QuietInput {
  readonly spec: ChatCluster['spec'];
  /** Status after the pass; undefined if none was written yet. */
  readonly status: ChatCluster['status'];
  readonly plan: Pick<FleetPlan, 'rollout' | 'draining' | 'againMs'>;
  readonly probe: Probe | undefined;
}

/**
 * True if nothing depends on the answers of the pods: the ChatCluster is not scaled by them, no client is moved, everything works,
 * and every pod confirmed it in the last round. Then asking them now and then is enough to notice a change.
 */
export function isQuiet({ spec, status, plan, probe }: QuietInput): boolean {
  if ([spec.gateway, spec.worker].some(({ autoscaling }) => autoscaling.mode === 'Builtin')) return false;
  if (plan.rollout.reason !== 'Complete' || plan.draining !== '' || plan.againMs !== undefined) return false;
  if (!status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')) return false;
  if (!probe?.backends.health || (probe.backends.log?.room ?? 'Enough') !== 'Enough') return false;
  const { nats, store } = probe.backends.health;
  if (!nats.reachable || !store.reachable) return false;
  // A gateway that is to take clients again is offered to them once it reports that it refuses them no more.
  const isCalm = (load: GatewayLoad | undefined) =>
    load && load.natsUp !== false && load.refusing !== true && (load.featuresLeftOut ?? 0) === 0;
  return probe.loads.every(({ load, cached }) => isCalm(load) && !cached);
}
