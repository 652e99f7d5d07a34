import type { Logger } from 'pino';
import type { AskPod } from './api/ask-pod.ts';
import type { Clock } from './clock.ts';
import type { OperatorConfig } from './config.ts';
import { Caches } from './controller/caches.ts';
import { Probes } from './controller/probes.ts';
import { WorkQueue } from './controller/queue.ts';
import { Reconciler } from './controller/reconciler.ts';
import { Recorder } from './controller/recorder.ts';
import { FIELD_MANAGER } from './desired/names.ts';
import { ApiError } from './kube/api-error.ts';
import { KubeClient } from './kube/client.ts';
import type { KubeAccess } from './kube/http.ts';
import { createMetrics, type Metrics } from './metrics.ts';

export interface OperatorOptions {
  readonly config: Pick<
    OperatorConfig,
    'namespace' | 'watchNodes' | 'defaultImage' | 'pollSeconds' | 'concurrency' | 'instance'
  >;
  readonly kube: KubeAccess;
  readonly clock: Clock;
  readonly random: () => number;
  readonly ask: AskPod;
  readonly log: Logger;
}

export interface Operator {
  readonly metrics: Metrics;
  isReady(): boolean;
  /** Stops the watches, waits for the passes that run. */
  stop(): Promise<void>;
}

/** What of an error may be logged: the API server's sentence, or the kind of a network failure. */
function brief(error: unknown): string {
  if (error instanceof ApiError) return `${error.code} ${error.reason}: ${error.message}`;
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return error instanceof Error ? `${error.message}${cause}` : 'unknown error';
}

/** Wires watches, queue and reconciler and starts them. Returns at once; {@link Operator.isReady} follows the first lists. */
export function startOperator({ config, kube, clock, random, ask, log }: OperatorOptions): Operator {
  const stopping = new AbortController();
  const metrics = createMetrics(() => queue.depth);
  const client = new KubeClient(kube, {
    fieldManager: FIELD_MANAGER,
    now: () => clock.now(),
    onRequest: (verb, kind, code) => metrics.apiRequests.inc({ verb, kind, code: String(code) }),
  });
  const caches = new Caches({
    client,
    namespace: config.namespace,
    watchNodes: config.watchNodes,
    clock,
    random,
    // Before all kinds are listed, a child that is not in the cache may exist all the same.
    onChange: key => {
      if (caches.isSynced) queue.add(key);
    },
    onFailure: (resource, error, retryMs) => {
      if (stopping.signal.aborted) return;
      metrics.watchFailures.inc({ kind: resource.kind });
      log.warn({ kind: resource.kind, error: brief(error), retryMs: Math.round(retryMs) }, 'watch failed');
    },
  });
  const probes = new Probes({
    caches,
    ask,
    clock,
    intervalMs: config.pollSeconds * 1_000,
    onResult: (key, changed) => {
      if (changed || caches.cluster(key)?.spec.gateway.autoscaling.mode === 'Builtin') queue.add(key);
    },
  });
  const recorder = new Recorder({
    client,
    clock,
    controller: FIELD_MANAGER,
    instance: config.instance,
    onFailure: error => log.warn({ error: brief(error) }, 'event not written'),
  });
  const reconciler = new Reconciler({
    caches,
    client,
    probes,
    recorder,
    metrics,
    clock,
    log,
    defaultImage: config.defaultImage,
  });
  const queue = new WorkQueue({
    clock,
    random,
    concurrency: config.concurrency,
    minIntervalMs: 200,
    backoff: { baseMs: 500, maxMs: 60_000 },
    run: async key => {
      const end = metrics.reconcileSeconds.startTimer();
      try {
        const again = await reconciler.run(key);
        metrics.reconciles.inc({ result: 'ok' });
        return again;
      } catch (error) {
        metrics.reconciles.inc({ result: 'error' });
        log.warn({ key, error: brief(error) }, 'pass failed');
        throw error;
      } finally {
        end();
      }
    },
  });

  const watching = caches.run(stopping.signal);
  let stopProbes = () => {};
  void caches.synced().then(() => {
    if (stopping.signal.aborted) return;
    for (const key of caches.keys()) queue.add(key);
    stopProbes = probes.start();
    log.info({ chatClusters: caches.keys().length }, 'all kinds are listed');
  });
  return {
    metrics,
    isReady: () => caches.isSynced,
    async stop() {
      stopping.abort();
      stopProbes();
      await queue.close();
      await watching;
    },
  };
}
