import type { ChatCluster } from '../api/chat-cluster.ts';
import { KINDS, OPTIONAL_KINDS } from '../api/kinds.ts';
import type { Endpoint, ForeignAutoscaler, KubeObject, Pod } from '../api/kube-object.ts';
import { type Observed, objectId } from '../apply/plan.ts';
import type { Probe, Probes } from '../ask/probes.ts';
import { type Component, childName } from '../desired/names.ts';
import { withInstance } from '../fleet/instance.ts';
import type { Caches } from '../watch/caches.ts';
import type { CrdCheck } from '../watch/crd-check.ts';
import { projectChild } from '../watch/projections.ts';

/**
 * Everything known of one ChatCluster as a pass begins. The whole pass decides on it and reports it: a change that arrives
 * meanwhile adds the key to the queue again, and the next pass takes it.
 */
export interface Snapshot {
  /** `namespace/name` of the ChatCluster. */
  readonly key: string;
  /** The ChatCluster with the chat it keeps. */
  readonly cluster: ChatCluster;
  readonly observed: readonly Observed[];
  /** The objects of `observed`. */
  readonly children: readonly KubeObject[];
  /** Sorted by name, with terminating ones. */
  readonly pods: Readonly<Record<Component, readonly Pod[]>>;
  /** Endpoints of the client Service. */
  readonly endpoints: readonly Endpoint[];
  readonly leavingNodes: ReadonlySet<string>;
  /** HorizontalPodAutoscalers of others that scale the ChatCluster or a Deployment of its gateways. */
  readonly autoscalers: readonly ForeignAutoscaler[];
  /** Optional kinds that nothing is known of: their objects are left alone. */
  readonly missingKinds: ReadonlySet<string>;
  /** Last answers of the pods; undefined before the first ones. */
  readonly probe: Probe | undefined;
  /** Fields that the CRD in the cluster does not know. */
  readonly unknownFields: readonly string[];
}

/** Sources of a snapshot. */
export interface SnapshotSources {
  readonly caches: Pick<Caches, 'children' | 'pods' | 'endpoints' | 'leavingNodes' | 'autoscalersOf' | 'knows'>;
  readonly probes: Pick<Probes, 'latest'>;
  readonly crd: Pick<CrdCheck, 'unknown'>;
}

/** Reads every source once. @param found the ChatCluster `key` as the caches have it */
export function takeSnapshot(key: string, found: ChatCluster, { caches, probes, crd }: SnapshotSources): Snapshot {
  const observed = caches.children(key);
  const children = observed.map(({ object }) => object);
  return {
    key,
    cluster: withInstance(found, children),
    observed,
    children,
    pods: { gateway: caches.pods(key, 'gateway'), worker: caches.pods(key, 'worker') },
    endpoints: caches.endpoints(key, childName.clientService(found.metadata.name)),
    leavingNodes: caches.leavingNodes(),
    autoscalers: caches.autoscalersOf(key),
    missingKinds: new Set(Object.keys(OPTIONAL_KINDS).filter(kind => !caches.knows(kind))),
    probe: probes.latest(key),
    unknownFields: crd.unknown ?? [],
  };
}

/**
 * `snapshot` with the children that the pass itself has written since, as the API server answered. Without them a report would
 * say of a new generation what was true of the one before. Pods stay as they were: a pass writes their marks alone.
 * @param written raw, in the order of the writes
 */
export function withWritten(snapshot: Snapshot, written: readonly KubeObject[]): Snapshot {
  const own = written.filter(({ kind }) => kind !== KINDS.pods.kind);
  if (own.length === 0) return snapshot;
  const byId = new Map(snapshot.observed.map(child => [objectId(child.object), child]));
  for (const raw of own) byId.set(objectId(raw), projectChild(raw));
  const observed = [...byId.values()];
  return { ...snapshot, observed, children: observed.map(({ object }) => object) };
}
