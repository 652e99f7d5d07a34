import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** State of watches and Lease, read at each scrape. */
export interface ApiState {
  /** Cached objects of each kind, and whether the cache of the kind is current. */
  readonly kinds: () => Iterable<{ readonly kind: string; readonly objects: number; readonly isCurrent: boolean }>;
  /**
   * Milliseconds since the last successful renewal of the Lease was sent; undefined while this process does not hold it.
   */
  readonly leaseAgeMs: () => number | undefined;
}

/** Metrics of the requests to the API server. */
export interface ApiMetrics {
  readonly apiRequests: Counter<'verb' | 'kind' | 'code'>;
  readonly lists: Counter<'kind' | 'cause'>;
  readonly listSeconds: Histogram<'kind'>;
  readonly watchEvents: Counter<'kind' | 'type'>;
  readonly watchFailures: Counter<'kind'>;
  readonly unreadable: Counter<'kind'>;
  readonly crdUnknownFields: Gauge;
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
    help: 'Objects in the caches, by kind; of nodes only those about to be drained or removed.',
    labelNames: ['kind'],
    registers,
    collect() {
      for (const { kind, objects } of state.kinds()) this.set({ kind }, objects);
    },
  });
  new Gauge({
    name: 'chatcluster_operator_kind_synced',
    help: '1 while the cache of a kind is current, 0 before its first list and while it cannot be listed or watched.',
    labelNames: ['kind'],
    registers,
    collect() {
      for (const { kind, isCurrent } of state.kinds()) this.set({ kind }, isCurrent ? 1 : 0);
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
  const crdUnknownFields = new Gauge({
    name: 'chatcluster_operator_crd_unknown_fields',
    help: 'Fields this operator uses that the CRD in the cluster lacks: values written there are dropped. NaN while the CRD may not be read.',
    registers,
  });
  return { ...watchMetrics(registers), ...leaseMetrics(registers), crdUnknownFields };
}

function watchMetrics(registers: Registry[]) {
  return {
    apiRequests: new Counter({
      name: 'chatcluster_operator_api_requests_total',
      help: 'Requests to the API server, by verb, kind and HTTP status; 0 means no answer.',
      labelNames: ['verb', 'kind', 'code'],
      registers,
    }),
    lists: new Counter({
      name: 'chatcluster_operator_lists_total',
      help: 'Complete lists of all objects of a kind, by cause: Start, Expired, Silence, Outage, Refused.',
      labelNames: ['kind', 'cause'],
      registers,
    }),
    listSeconds: new Histogram({
      name: 'chatcluster_operator_list_seconds',
      help: 'Duration of complete lists, in seconds, by kind.',
      labelNames: ['kind'],
      buckets: [0.01, 0.05, 0.2, 1, 5, 20, 60],
      registers,
    }),
    watchEvents: new Counter({
      name: 'chatcluster_operator_watch_events_total',
      help: 'Events of watches, by kind and type: ADDED, MODIFIED, DELETED, BOOKMARK.',
      labelNames: ['kind', 'type'],
      registers,
    }),
    unreadable: new Counter({
      name: 'chatcluster_operator_unreadable_objects_total',
      help: 'Versions of objects that could not be read and were skipped, by kind.',
      labelNames: ['kind'],
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
      help: '1 for the identity that holds the Lease as last seen by this process; no series while it is free.',
      labelNames: ['holder'],
      registers,
    }),
  };
}
