import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** State of the work queue at one moment. */
export interface QueueState {
  /** ChatClusters that are due and wait for a free worker. */
  readonly depth: number;
  /** Milliseconds that the running passes have taken so far, summed up. */
  readonly unfinishedMs: number;
  /** Milliseconds that the longest running pass has taken so far; 0 when none runs. */
  readonly longestMs: number;
}

/** Metrics of passes and of questions to pods. */
export interface WorkMetrics {
  readonly reconciles: Counter<'result'>;
  readonly reconcileSeconds: Histogram;
  readonly lastSuccess: Gauge;
  readonly queueAdds: Counter;
  readonly queueRetries: Counter;
  readonly queueWaitSeconds: Histogram;
  readonly probes: Counter<'result'>;
  readonly probeSeconds: Histogram;
}

const SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10];

/** @param queue read at each scrape */
export function workMetrics(registry: Registry, queue: () => QueueState): WorkMetrics {
  const registers = [registry];
  new Gauge({
    name: 'chatcluster_operator_queue_depth',
    help: 'ChatClusters that are due and wait for a free worker.',
    registers,
    collect() {
      this.set(queue().depth);
    },
  });
  new Gauge({
    name: 'chatcluster_operator_queue_unfinished_seconds',
    help: 'Seconds that the passes that run have taken so far, all together.',
    registers,
    collect() {
      this.set(queue().unfinishedMs / 1_000);
    },
  });
  new Gauge({
    name: 'chatcluster_operator_queue_longest_pass_seconds',
    help: 'Seconds that the longest pass that runs has taken so far; 0 while none runs.',
    registers,
    collect() {
      this.set(queue().longestMs / 1_000);
    },
  });
  return { ...passMetrics(registers), ...queueMetrics(registers), ...probeMetrics(registers) };
}

function passMetrics(registers: Registry[]) {
  return {
    reconciles: new Counter({
      name: 'chatcluster_operator_reconciles_total',
      help: 'Passes over a ChatCluster, by result: ok, error.',
      labelNames: ['result'],
      registers,
    }),
    reconcileSeconds: new Histogram({
      name: 'chatcluster_operator_reconcile_seconds',
      help: 'Duration of a pass over a ChatCluster, in seconds.',
      buckets: SECONDS,
      registers,
    }),
    lastSuccess: new Gauge({
      name: 'chatcluster_operator_last_success_timestamp_seconds',
      help: 'When the last pass over any ChatCluster ended without an error, in seconds since 1970; 0 before the first.',
      registers,
    }),
  };
}

function queueMetrics(registers: Registry[]) {
  return {
    queueAdds: new Counter({
      name: 'chatcluster_operator_queue_adds_total',
      help: 'Requests for a pass over a ChatCluster; one pass serves many.',
      registers,
    }),
    queueRetries: new Counter({
      name: 'chatcluster_operator_queue_retries_total',
      help: 'Passes put off because the one before failed.',
      registers,
    }),
    queueWaitSeconds: new Histogram({
      name: 'chatcluster_operator_queue_wait_seconds',
      help: 'Time a ChatCluster that was due waited for a free worker, in seconds.',
      buckets: SECONDS,
      registers,
    }),
  };
}

function probeMetrics(registers: Registry[]) {
  return {
    probes: new Counter({
      name: 'chatcluster_operator_probes_total',
      help: 'Questions to gateways and workers, by result: answered, failed.',
      labelNames: ['result'],
      registers,
    }),
    probeSeconds: new Histogram({
      name: 'chatcluster_operator_probe_seconds',
      help: 'Time until a gateway or worker answered or was given up, in seconds.',
      buckets: SECONDS,
      registers,
    }),
  };
}
