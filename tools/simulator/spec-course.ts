import type { ChatCluster } from '../../operator/api/chat-cluster.ts';
import { decide } from '../../operator/autoscale/decide.ts';
import { decideWorkers, type LagObservation } from '../../operator/autoscale/decide-workers.ts';
import type { Observation } from '../../operator/autoscale/history.ts';
import type { GatewayNumbers } from '../../operator/autoscale/sample.ts';
import { sample } from './even-fleet.ts';

const STEP_SECONDS = 10;

interface Course {
  readonly seconds: number;
  /** Load of all `gateways` together; `eventLoopLagMs` is that of each. */
  readonly load: (second: number, gateways: number) => Partial<GatewayNumbers>;
}

/** Loads that bring out one field after the other. */
const COURSES: readonly Course[] = [
  { seconds: 900, load: second => ({ connections: Math.min(50_000, second * 83) }) },
  { seconds: 300, load: second => ({ connections: second < 100 ? 1_000 : 40_000 }) },
  { seconds: 100, load: () => ({ connections: 15_000 }) },
  { seconds: 100, load: () => ({ deliveriesPerSecond: 300_000 }) },
  { seconds: 100, load: (_, gateways) => ({ eventLoopLagMs: 500 / gateways }) },
  { seconds: 100, load: () => ({ cpu: 3.4 }) },
  // Falls by a third, then by more than a half.
  { seconds: 5_500, load: second => ({ connections: second < 1_500 ? 45_000 : second < 3_000 ? 30_000 : 12_000 }) },
];

function gatewaySizes({ spec: { gateway, limits } }: ChatCluster, { seconds, load }: Course): number[] {
  let current = 3;
  let history: readonly Observation[] = [];
  return Array.from({ length: seconds / STEP_SECONDS }, (_, step) => {
    const {
      connections = 0,
      deliveriesPerSecond = 0,
      eventLoopLagMs = 0,
      cpu = 0,
    } = load(step * STEP_SECONDS, current);
    const share = 1 / current;
    const each = { deliveriesPerSecond: deliveriesPerSecond * share, eventLoopLagMs, cpu: cpu * share };
    const decision = decide({
      spec: gateway.autoscaling,
      replicas: gateway.replicas,
      maxConnections: limits.maxConnections,
      current,
      samples: Array.from({ length: current }, (__, at) =>
        sample(`${at}`, { ...each, connections: at === 0 ? connections : 0 }),
      ),
      held: 'None',
      why: '',
      now: step * STEP_SECONDS * 1_000,
      history,
    });
    history = decision.history;
    current = decision.replicas;
    return current;
  });
}

function workerSizes({ spec: { worker } }: ChatCluster): number[] {
  let current = 1;
  let history: readonly LagObservation[] = [];
  return Array.from({ length: 100 }, (_, step) => {
    const decision = decideWorkers({
      spec: worker.autoscaling,
      replicas: worker.replicas,
      current,
      lag: step < 12 ? 15_000 : step < 24 ? 95_000 : 0,
      storeReachable: true,
      now: step * STEP_SECONDS * 1_000,
      history,
    });
    history = decision.history;
    current = decision.replicas;
    return current;
  });
}

const made = new Map<string, readonly number[]>();

/** The sizes gateways and workers take over some hours of load: what the fields of autoscaling bring about. */
export function sizesOf(cluster: ChatCluster): readonly number[] {
  const { gateway, worker, limits } = cluster.spec;
  const decisive = [gateway.autoscaling, gateway.replicas, worker.autoscaling, worker.replicas, limits.maxConnections];
  const key = JSON.stringify(decisive);
  const sizes = made.get(key) ?? [...COURSES.flatMap(course => gatewaySizes(cluster, course)), ...workerSizes(cluster)];
  made.set(key, sizes);
  return sizes;
}
