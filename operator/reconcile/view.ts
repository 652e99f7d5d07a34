import type { ChatCluster } from '../api/chat-cluster.ts';
import type { Endpoint, Pod } from '../api/kube-object.ts';
import { isServing } from '../api/serving.ts';
import type { Backends } from '../ask/backends.ts';
import { connectionsByPod, isOver, type LoadSample, natsUpByPod, refusingByPod } from '../ask/loads.ts';
import { freePlaces } from '../autoscale/targets.ts';
import { CONTINUE_ANNOTATION, PAUSE_ANNOTATION, REVISION_LABEL, UNDO_ANNOTATION } from '../desired/names.ts';
import { revisionOf } from '../desired/revision.ts';
import { noteCutOff } from '../fleet/cut-off.ts';
import type { FleetInput, FleetSettings } from '../fleet/fleet.ts';
import { isBackendToBlame, whyUnhealthy } from '../fleet/health.ts';
import { observeFleet, offeredPods } from '../fleet/observe.ts';
import { targetOf } from '../fleet/rollout.ts';
import { FirstSeen } from '../process/first-seen.ts';
import type { Snapshot } from '../report/snapshot.ts';

/** Inputs of the fleet plan without the size. */
export type FleetView = Omit<FleetInput, 'size'>;

/** Cause for which clients must not be moved to another revision now; empty without one. */
function holdOf({ metadata }: ChatCluster, backends: Backends | undefined): string {
  if (metadata.annotations?.[PAUSE_ANNOTATION] === 'All') return 'paused by annotation';
  if (backends?.health?.nats.reachable === false) return 'the workers do not reach NATS';
  if (backends?.health?.store.reachable === false) return 'the workers do not reach MongoDB';
  return '';
}

/** Times from pass to pass, in ms of the monotonic clock. If they are lost, all waiting times count from the start again. */
export interface Seen {
  /** Time since which no EndpointSlice offers a pod, by its name. */
  readonly unoffered: Map<string, number>;
  /** Time since which a pod does not reach NATS while most others do, by its name. */
  readonly cutOff: Map<string, number>;
  /** Time since which the new revision does worse; undefined while it does not. */
  failingSince: number | undefined;
  /** Time since which too few gateways take clients; undefined while enough do. */
  shortSince: number | undefined;
  readonly firstSeen: FirstSeen;
}

export function nothingSeen(): Seen {
  return {
    unoffered: new Map(),
    cutOff: new Map(),
    failingSince: undefined,
    shortSince: undefined,
    firstSeen: new FirstSeen(),
  };
}

function noteUnoffered({ unoffered }: Seen, pods: readonly Pod[], endpoints: readonly Endpoint[], now: number): void {
  const offered = offeredPods(endpoints);
  const names = new Set(pods.map(pod => pod.metadata.name));
  for (const name of unoffered.keys()) if (offered.has(name) || !names.has(name)) unoffered.delete(name);
  for (const name of names) if (!offered.has(name) && !unoffered.has(name)) unoffered.set(name, now);
}

/** Milliseconds for which a revision must do worse before its rollout stops: longer than a disturbance that workers do not notice. */
const FAILING_MS = 10_000;

/** A new revision that does worse holds the rollout at once, and stops it if that lasts. @param excused true while the cause may be elsewhere */
function judge(
  seen: Seen,
  why: string,
  excused: boolean,
  now: number,
): { readonly hold: string; readonly unhealthy: string } {
  if (why === '' || excused) seen.failingSince = undefined;
  else seen.failingSince ??= now;
  const lasts = seen.failingSince !== undefined && now - seen.failingSince >= FAILING_MS;
  return lasts ? { hold: '', unhealthy: why } : { hold: why, unhealthy: '' };
}

function capacityOf({ spec }: ChatCluster, loads: readonly LoadSample[]): FleetSettings['capacity'] {
  const { autoscaling } = spec.gateway;
  const clients = loads.reduce((sum, { load }) => sum + (load?.connections ?? 0), 0);
  return {
    maxConnections: spec.limits.maxConnections,
    targetConnections: autoscaling.mode === 'Builtin' ? autoscaling.targetConnections : undefined,
    freePlaces: freePlaces(autoscaling.freeSlots, clients),
  };
}

/** Notes in `seen` since when too few gateways take clients. @param short field of the fleet plan of this pass */
export function noteShort(seen: Seen, short: boolean, now: number): void {
  seen.shortSince = short ? (seen.shortSince ?? now) : undefined;
}

/** True for a pod that has ended, such as an evicted one: its object stays, and its ReplicaSet has replaced it. */
function hasEnded({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp === undefined && (status.phase === 'Failed' || status.phase === 'Succeeded');
}

/** Inputs of a view, out of a snapshot. */
export type ViewSources = Pick<Snapshot, 'cluster' | 'children' | 'pods' | 'endpoints' | 'leavingNodes' | 'probe'>;

/** The gateways of a ChatCluster as watches and answers show them. @param kept state from pass to pass, brought up to date */
export function viewOf(
  { cluster, children, pods: listed, endpoints, leavingNodes, probe }: ViewSources,
  kept: Seen,
  { now, wall }: Pick<FleetInput, 'now' | 'wall'>,
): FleetView {
  const { annotations } = cluster.metadata;
  const { drain, rollout, rebalance } = cluster.spec.gateway;
  const { firstSeen } = kept;
  firstSeen.begin();
  const pods = listed.gateway.filter(pod => !hasEnded(pod) && !isOver(pod, firstSeen, now));
  const loads = probe?.loads ?? [];
  noteUnoffered(kept, pods, endpoints, now);
  const seen = observeFleet({
    cluster,
    children,
    pods,
    endpoints,
    unofferedSince: kept.unoffered,
    leavingNodes,
    connections: connectionsByPod(loads),
    refusing: refusingByPod(loads),
    natsUp: natsUpByPod(loads),
    firstSeen,
    now,
  });
  const serving = seen.pods.filter(pod => isServing(pod, seen.serving));
  noteCutOff(kept.cutOff, serving, now);
  const wanted = { target: revisionOf(cluster, 'gateway'), undone: annotations?.[UNDO_ANNOTATION] ?? '' };
  const target = targetOf({ ...seen, ...wanted });
  const fresh = new Set(
    pods.filter(pod => pod.metadata.labels?.[REVISION_LABEL] === target).map(pod => pod.metadata.name),
  );
  const loadsOf = (isFresh: boolean) =>
    loads.flatMap(({ pod, load }) => (load && fresh.has(pod) === isFresh ? [load] : []));
  const hold = holdOf(cluster, probe?.backends);
  const changedAt = (type: string, status: string) => firstSeen.since(`condition ${type}`, status, now);
  const excused = isBackendToBlame(cluster.status?.conditions ?? [], changedAt, now);
  // The annotation says that people accept the revision as it is.
  const isWanted = annotations?.[CONTINUE_ANNOTATION] === target;
  const why = hold !== '' || isWanted ? '' : whyUnhealthy(loadsOf(true), loadsOf(false), rollout);
  const verdict = judge(kept, why, excused, now);
  return {
    ...seen,
    pods: seen.pods.map(pod => ({ ...pod, cutOffSince: kept.cutOff.get(pod.name) })),
    ...wanted,
    settings: { drain, rollout, rebalance, capacity: capacityOf(cluster, loads) },
    shortSince: kept.shortSince,
    hold: hold || verdict.hold,
    unhealthy: verdict.unhealthy,
    now,
    wall,
  };
}
