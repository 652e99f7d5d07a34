import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Every metric of the operator. */
export interface Metrics {
  readonly registry: Registry;
  readonly reconciles: Counter<'result'>;
  readonly reconcileSeconds: Histogram;
  readonly apiRequests: Counter<'verb' | 'kind' | 'code'>;
  readonly watchFailures: Counter<'kind'>;
  readonly leader: Gauge;
  readonly leaderTransitions: Counter<'to'>;
  readonly repairs: Counter<'kind'>;
  readonly gateways: Gauge<'namespace' | 'name' | 'size'>;
  readonly connections: Gauge<'namespace' | 'name'>;
  readonly targets: Gauge<'namespace' | 'name' | 'target'>;
}

/** @param queueDepth read at each scrape */
export function createMetrics(queueDepth: () => number): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'chatcluster_operator_queue_depth',
    help: 'ChatClusters that wait for their turn.',
    registers,
    collect() {
      this.set(queueDepth());
    },
  });
  return {
    registry,
    reconciles: new Counter({
      name: 'chatcluster_operator_reconciles_total',
      help: 'Passes over a ChatCluster, by result: ok, error.',
      labelNames: ['result'],
      registers,
    }),
    reconcileSeconds: new Histogram({
      name: 'chatcluster_operator_reconcile_seconds',
      help: 'Duration of a pass over a ChatCluster, in seconds.',
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    }),
    apiRequests: new Counter({
      name: 'chatcluster_operator_api_requests_total',
      help: 'Requests to the API server, by verb, kind and HTTP status; 0 means no answer.',
      labelNames: ['verb', 'kind', 'code'],
      registers,
    }),
    watchFailures: new Counter({
      name: 'chatcluster_operator_watch_failures_total',
      help: 'Lists and watches that failed and were tried again, by kind.',
      labelNames: ['kind'],
      registers,
    }),
    leader: new Gauge({
      name: 'chatcluster_operator_leader',
      help: '1 while this process is the operator that acts, 0 while it stands by.',
      registers,
    }),
    leaderTransitions: new Counter({
      name: 'chatcluster_operator_leader_transitions_total',
      help: 'Times this process became the operator that acts (leader), or stopped being it (standby).',
      labelNames: ['to'],
      registers,
    }),
    repairs: new Counter({
      name: 'chatcluster_operator_drift_repairs_total',
      help: 'Children that somebody else had changed and that were put back, by kind.',
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
      help: 'Client connections of a ChatCluster as last read; missing while not every gateway says.',
      labelNames: ['namespace', 'name'],
      registers,
    }),
    targets: new Gauge({
      name: 'chatcluster_operator_target_gateways',
      help: 'Gateways each target of the autoscaler asks for; the highest wins. Targets: connections, deliveries, eventLoopLag, cpu, climb, freeSlots, lossOfOne.',
      labelNames: ['namespace', 'name', 'target'],
      registers,
    }),
  };
}
