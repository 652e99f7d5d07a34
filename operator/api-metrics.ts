import { Counter, Gauge, type Registry } from 'prom-client';

/** What is read when metrics are scraped. */
export interface ApiState {
  /** Objects in the cache of each kind. */
  readonly cachedObjects: () => Iterable<readonly [kind: string, count: number]>;
  /** Milliseconds since the last renewal of the Lease was asked for; undefined while this process does not hold it. */
  readonly leaseAgeMs: () => number | undefined;
}

/** Metrics of what the operator has to do with the API server. */
export interface ApiMetrics {
  readonly apiRequests: Counter<'verb' | 'kind' | 'code'>;
  readonly watchFailures: Counter<'kind'>;
  readonly leader: Gauge;
  readonly leaderTransitions: Counter<'to'>;
  readonly leaseRenewals: Counter;
  readonly leaseFailures: Counter;
  readonly leaseHolder: Gauge<'holder'>;
}

export function apiMetrics(registry: Registry, state: ApiState): ApiMetrics {
  const registers = [registry];
  new Gauge({
    name: 'chatcluster_operator_cached_objects',
    help: 'Objects in the caches, by kind; of nodes only those that leave.',
    labelNames: ['kind'],
    registers,
    collect() {
      for (const [kind, count] of state.cachedObjects()) this.set({ kind }, count);
    },
  });
  new Gauge({
    name: 'chatcluster_operator_lease_age_seconds',
    help: 'Seconds since this process asked for the last renewal of its Lease that succeeded; missing while it does not hold it.',
    registers,
    collect() {
      const ms = state.leaseAgeMs();
      if (ms === undefined) this.remove();
      else this.set(ms / 1_000);
    },
  });
  return { ...watchMetrics(registers), ...leaseMetrics(registers) };
}

function watchMetrics(registers: Registry[]) {
  return {
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
  };
}

function leaseMetrics(registers: Registry[]) {
  return {
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
    leaseRenewals: new Counter({
      name: 'chatcluster_operator_lease_renewals_total',
      help: 'Times this process took or renewed its Lease.',
      registers,
    }),
    leaseFailures: new Counter({
      name: 'chatcluster_operator_lease_failures_total',
      help: 'Attempts to read, take or renew the Lease that failed.',
      registers,
    }),
    leaseHolder: new Gauge({
      name: 'chatcluster_operator_lease_holder',
      help: '1 for the identity that holds the Lease as last seen by this process; no series while nobody does.',
      labelNames: ['holder'],
      registers,
    }),
  };
}
