import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type ApiMetrics, type ApiState, apiMetrics } from './api-metrics.ts';
import { type ClusterMetrics, clusterMetrics } from './cluster-metrics.ts';
import { OPERATOR_VERSION } from './version.ts';
import { type QueueState, type WorkMetrics, workMetrics } from './work-metrics.ts';

/** All metrics of the operator. */
export interface Metrics extends ApiMetrics, WorkMetrics, ClusterMetrics {
  readonly registry: Registry;
}

/** State read at each scrape. */
export interface ScrapedState extends ApiState {
  readonly queue: () => QueueState | undefined;
}

/** State of a process that does nothing yet. */
const IDLE: ScrapedState = { queue: () => undefined, kinds: () => [], leaseAgeMs: () => undefined };
const EMPTY: QueueState = { depth: 0, unfinishedMs: 0, longestMs: 0 };

export function createMetrics(state: ScrapedState = IDLE): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'chatcluster_operator_build_info',
    help: 'Always 1; what runs is in the labels.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version: OPERATOR_VERSION, node: process.version }, 1);
  return {
    registry,
    ...apiMetrics(registry, state),
    ...workMetrics(registry, () => state.queue() ?? EMPTY),
    ...clusterMetrics(registry),
  };
}
