import { Counter, Gauge, type Registry } from 'prom-client';

/** Metrics of single ChatClusters. */
export interface ClusterMetrics {
  readonly repairs: Counter<'kind'>;
  readonly writeFailures: Counter<'kind'>;
  readonly gateways: Gauge<'namespace' | 'name' | 'size'>;
  readonly connections: Gauge<'namespace' | 'name'>;
  readonly silentPods: Gauge<'namespace' | 'name'>;
  readonly capacity: Gauge<'namespace' | 'name'>;
  readonly targets: Gauge<'namespace' | 'name' | 'target'>;
  readonly conditions: Gauge<'namespace' | 'name' | 'type' | 'status' | 'reason'>;
}

export function clusterMetrics(registry: Registry): ClusterMetrics {
  const registers = [registry];
  return {
    repairs: new Counter({
      name: 'chatcluster_operator_drift_repairs_total',
      help: 'Children that others had changed and that were put back, by kind.',
      labelNames: ['kind'],
      registers,
    }),
    writeFailures: new Counter({
      name: 'chatcluster_operator_write_failures_total',
      help: 'Writes to children and pods that did not succeed and are tried again, by kind.',
      labelNames: ['kind'],
      registers,
    }),
    gateways: new Gauge({
      name: 'chatcluster_operator_gateways',
      help: 'Gateways of a ChatCluster: wanted by the load, bounded by minReplicas, maxReplicas and behavior, ready, and cutOff: taken out because they do not reach NATS.',
      labelNames: ['namespace', 'name', 'size'],
      registers,
    }),
    connections: new Gauge({
      name: 'chatcluster_operator_connections',
      help: 'Client connections of a ChatCluster as last read; missing while the number of one gateway is unknown.',
      labelNames: ['namespace', 'name'],
      registers,
    }),
    silentPods: new Gauge({
      name: 'chatcluster_operator_silent_gateways',
      help: 'Running gateways of a ChatCluster whose load is unknown or out of date.',
      labelNames: ['namespace', 'name'],
      registers,
    }),
    capacity: new Gauge({
      name: 'chatcluster_operator_gateway_capacity_connections',
      help: 'Connections one gateway can carry, as learned from the cost of one; missing while nothing was learned.',
      labelNames: ['namespace', 'name'],
      registers,
    }),
    targets: new Gauge({
      name: 'chatcluster_operator_target_gateways',
      help: 'Gateways each target of the autoscaler asks for; the highest wins. Targets: connections, deliveries, eventLoopLag, cpu, freeSlots, lossOfOne, features.',
      labelNames: ['namespace', 'name', 'target'],
      registers,
    }),
    conditions: new Gauge({
      name: 'chatcluster_status_condition',
      help: '1 for the current status (True, False, Unknown) and reason of each condition of a ChatCluster: one series a type.',
      labelNames: ['namespace', 'name', 'type', 'status', 'reason'],
      registers,
    }),
  };
}
