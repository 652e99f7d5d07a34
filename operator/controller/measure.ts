import type { ChatCluster } from '../api/chat-cluster.ts';
import { TARGETS } from '../autoscale/targets.ts';
import type { FleetInput } from '../fleet/fleet.ts';
import type { Metrics } from '../metrics.ts';
import { countGateways } from '../reconcile/status.ts';
import type { Scaling } from './scaling.ts';

/** Shows what was decided on as metrics. */
export function measure(metrics: Metrics, { metadata }: ChatCluster, { decision }: Scaling, fleet: FleetInput): void {
  const labels = { namespace: metadata.namespace, name: metadata.name };
  const { ready } = countGateways(fleet.pods, fleet.serving ?? fleet.target, fleet.size);
  metrics.gateways.set({ ...labels, size: 'ready' }, ready);
  if (decision.wanted !== undefined) metrics.gateways.set({ ...labels, size: 'wanted' }, decision.wanted);
  metrics.gateways.set({ ...labels, size: 'bounded' }, fleet.size);
  if (decision.connections !== undefined) metrics.connections.set(labels, decision.connections);
  for (const { target, gateways } of decision.asks) metrics.targets.set({ ...labels, target }, gateways);
}

/** @param key `namespace/name` of a ChatCluster that is gone */
export function forgetMetrics(metrics: Metrics, key: string): void {
  const [namespace = '', name = ''] = key.split('/');
  metrics.connections.remove({ namespace, name });
  for (const size of ['wanted', 'bounded', 'ready']) metrics.gateways.remove({ namespace, name, size });
  for (const target of TARGETS) metrics.targets.remove({ namespace, name, target });
}
