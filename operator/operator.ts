import type { Logger } from 'pino';
import type { Clock } from '../server/time/clock.ts';
import { Repeats } from '../server/time/repeats.ts';
import type { AskPod } from './api/ask-pod.ts';
import type { OperatorConfig } from './config.ts';
import { FIELD_MANAGER } from './desired/names.ts';
import { type Health, healthOf } from './health.ts';
import { KubeClient } from './kube/client.ts';
import { errorFields, errorText } from './kube/error-text.ts';
import type { KubeAccess } from './kube/http.ts';
import type { LeaseTimings } from './leader/election.ts';
import { alwaysLeader, type Leader } from './leader/leader.ts';
import { LeaseLeader } from './leader/lease-leader.ts';
import { createMetrics, type Metrics } from './process/metrics.ts';
import { LeaderTerm } from './reconcile/leader-term.ts';
import { Caches } from './watch/caches.ts';
import { CrdCheck } from './watch/crd-check.ts';

export interface OperatorOptions {
  readonly config: Pick<
    OperatorConfig,
    'namespace' | 'watchNodes' | 'defaultImage' | 'pollSeconds' | 'concurrency' | 'rewritesPerSecond' | 'instance'
  >;
  /** The Lease that decides which of several operators acts. Without it this one always acts: it must be the only one. */
  readonly lease?: { readonly namespace: string; readonly name: string; readonly timings: LeaseTimings };
  /** Lease holder identity, unique to each run of a process. */
  readonly identity: string;
  readonly kube: KubeAccess;
  readonly clock: Clock;
  readonly random: () => number;
  readonly ask: AskPod;
  readonly log: Logger;
}

/** A running operator. */
export interface Operator {
  readonly metrics: Metrics;
  /** True once all kinds are listed or known to be missing, also for an operator that stands by. */
  isReady(): boolean;
  health(): Health;
  /** Stops the watches, waits for running passes and releases the Lease. */
  stop(): Promise<void>;
}

/** Wires watches, leader election and work and starts them. Returns at once; {@link Operator.isReady} follows the first lists. */
export function startOperator(options: OperatorOptions): Operator {
  const { config, kube, clock, random, ask, log } = options;
  const stopping = new AbortController();
  let term: LeaderTerm | undefined;
  const metrics = createMetrics({
    queue: () => term?.queue,
    kinds: () => caches.kinds().map(kind => ({ ...kind, isCurrent: kind.isSynced && kind.failingMs === 0 })),
    leaseAgeMs: () => leader.ageMs(),
  });
  const count = (verb: string, kind: string, code: number) =>
    metrics.apiRequests.inc({ verb, kind, code: String(code) });
  const leader = leaderOf(options, metrics, count);
  const client = new KubeClient(kube, {
    fieldManager: FIELD_MANAGER,
    now: () => clock.now(),
    onRequest: count,
    beforeWrite: () => leader.mayWriteMs(),
  });
  const caches = new Caches({
    client,
    namespace: config.namespace,
    watchNodes: config.watchNodes,
    clock,
    random,
    onChange: key => term?.add(key),
    onFailure: (resource, error, retryMs) => {
      if (stopping.signal.aborted) return;
      metrics.watchFailures.inc({ kind: resource.kind });
      log.warn({ kind: resource.kind, ...errorFields(error), retryMs: Math.round(retryMs) }, 'watch failed');
    },
    onMissing: ({ kind }, error, without) => {
      if (without === undefined) log.error({ kind, error: errorText(error) }, 'a kind that is needed cannot be listed');
      else log.warn({ kind, error: errorText(error), without }, 'goes on without a kind');
    },
    onRegained: ({ kind }) => {
      log.info({ kind }, 'a kind that was missing is known again');
      for (const key of caches.keys()) term?.add(key);
    },
    onUnreadable: ({ kind }, object, error) => {
      metrics.unreadable.inc({ kind });
      log.error(
        { kind, object, ...errorFields(error) },
        'object cannot be read: its last readable version stays in use',
      );
    },
    onListed: ({ kind }, cause, ms) => {
      metrics.lists.inc({ kind, cause });
      metrics.listSeconds.observe({ kind }, ms / 1_000);
    },
    onEvent: ({ kind }, type) => metrics.watchEvents.inc({ kind, type }),
  });
  const crd = new CrdCheck({
    client,
    clock,
    onChange: (unknown, why) => {
      metrics.crdUnknownFields.set(unknown?.length ?? Number.NaN);
      if (unknown === undefined) log.info({ why }, 'the CRD cannot be read: fields it lacks are not reported');
      else if (unknown.length > 0) log.warn({ unknown }, 'the CRD in the cluster is older than this operator');
      for (const key of caches.keys()) term?.add(key);
    },
  });
  const duty = {
    begin() {
      term = new LeaderTerm({ config, caches, crd, client, metrics, clock, random, ask, log });
    },
    async end() {
      await term?.end();
      term = undefined;
    },
  };

  const watching = caches.run(stopping.signal);
  const endLooks = crd.start();
  // Until all kinds are listed, a child that is missing in the cache may exist.
  const working = Promise.race([caches.synced(), aborted(stopping.signal)]).then(async () => {
    if (stopping.signal.aborted) return;
    log.info({ chatClusters: caches.keys().length }, 'all kinds are listed');
    await leader.run(duty, stopping.signal);
  });
  return {
    metrics,
    isReady: () => caches.isSynced,
    health: () =>
      healthOf({ kinds: caches.kinds(), longestPassMs: term?.queue.longestMs ?? 0, lease: leader.trouble() }),
    async stop() {
      stopping.abort();
      endLooks();
      await working;
      await watching;
    },
  };
}

/** The leader election, with a client of its own: its requests must not wait behind those of passes, and need no Lease. */
function leaderOf(
  { lease, identity, kube, clock, random, log }: OperatorOptions,
  metrics: Metrics,
  onRequest: (verb: string, kind: string, code: number) => void,
): Leader {
  if (!lease) return alwaysLeader;
  const client = new KubeClient(kube, {
    fieldManager: FIELD_MANAGER,
    now: () => clock.now(),
    onRequest,
    timeoutMs: lease.timings.renewMs / 2,
  });
  const repeats = new Repeats(clock.now);
  return new LeaseLeader({
    ...lease,
    identity,
    client,
    clock,
    random,
    onLeadershipChange: leads => {
      metrics.leader.set(leads ? 1 : 0);
      metrics.leaderTransitions.inc({ to: leads ? 'leader' : 'standby' });
      log.info({ identity }, leads ? 'leader from now on' : 'no longer leader');
    },
    onAttempt: (holder, renewed) => {
      if (renewed) metrics.leaseRenewals.inc();
      metrics.leaseHolder.reset();
      if (holder !== '') metrics.leaseHolder.set({ holder }, 1);
    },
    onFailure: error => {
      metrics.leaseFailures.inc();
      const { error: text, stack } = errorFields(error);
      if (stack) return log.error({ error: text, stack }, 'lease could not be renewed or acquired');
      const news = repeats.news(text);
      if (news) log.warn({ error: text, ...news }, 'lease could not be renewed or acquired');
    },
  });
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
}
