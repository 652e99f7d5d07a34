import type { ChatCluster } from '../api/chat-cluster.ts';
import { totalConnections } from '../ask/loads.ts';
import type { Probe } from '../ask/probes.ts';
import { TARGETS } from '../autoscale/targets.ts';
import { alive } from '../fleet/closing.ts';
import type { FleetInput, FleetPod } from '../fleet/fleet.ts';
import type { Metrics } from '../process/metrics.ts';
import type { Scaling } from './pass.ts';
import { countGateways } from './status.ts';

/** Exports the inputs of the last decision as metrics. A value that is not known, or not asked for, has no series instead of an old number. */
export function measure(
  metrics: Metrics,
  { metadata }: ChatCluster,
  { decision }: Scaling,
  fleet: FleetInput,
  probe: Probe | undefined,
): void {
  const labels = { namespace: metadata.namespace, name: metadata.name };
  const { ready } = countGateways(fleet.pods, fleet.serving ?? fleet.target, fleet.size);
  metrics.gateways.set({ ...labels, size: 'ready' }, ready);
  metrics.gateways.set({ ...labels, size: 'cutOff' }, alive(fleet.pods).filter(isCutOff).length);
  show(metrics.gateways, { ...labels, size: 'wanted' }, decision.wanted);
  metrics.gateways.set({ ...labels, size: 'bounded' }, fleet.size);
  show(metrics.connections, labels, probe && totalConnections(probe.loads));
  show(metrics.capacity, labels, decision.capacity?.connections);
  show(metrics.silentPods, labels, probe?.loads.filter(({ load }) => load === undefined).length);
  for (const target of TARGETS) {
    const ask = decision.asks.find(each => each.target === target);
    show(metrics.targets, { ...labels, target }, ask?.gateways);
  }
}

const isCutOff = ({ intent }: FleetPod) => intent?.reason === 'CutOff';

type Labels = Readonly<Record<string, string>>;
interface Series {
  set(labels: Labels, value: number): void;
  remove(labels: Labels): void;
}

function show(gauge: Series, labels: Labels, value: number | undefined): void {
  if (value === undefined) gauge.remove(labels);
  else gauge.set(labels, value);
}

/** Removes the series of a ChatCluster that is gone. @param key `namespace/name` */
export function forgetMetrics(metrics: Metrics, key: string): void {
  const [namespace = '', name = ''] = key.split('/');
  metrics.connections.remove({ namespace, name });
  metrics.capacity.remove({ namespace, name });
  metrics.silentPods.remove({ namespace, name });
  for (const size of ['wanted', 'bounded', 'ready', 'cutOff']) metrics.gateways.remove({ namespace, name, size });
  for (const target of TARGETS) metrics.targets.remove({ namespace, name, target });
}

/** Removes the series of all ChatClusters: another process exports them from now on. */
export function forgetAll({ gateways, connections, capacity, silentPods, targets, conditions }: Metrics): void {
  for (const series of [gateways, connections, capacity, silentPods, targets, conditions]) series.reset();
}
