import type { TrafficIntent } from '../../server/contract/traffic.ts';
import { ALL_REVISIONS } from '../api/serving.ts';
import { alive, emptyIntents, isFinished, isShut, takesClients } from './closing.ts';
import type { FleetInput, FleetPod, FleetRevision } from './fleet.ts';
import { isOutForLong, mustLeave } from './removed-targets.ts';

/** Time after which a pod has a node if there is one for it, in milliseconds. */
const SCHEDULED_MS = 10_000;

/**
 * Replicas an old revision keeps. The ReplicaSet controller removes any gateway that is not ready first, then any that is
 * being emptied, with or without clients. So replicas are lowered only when all other gateways are ready and keep their
 * clients.
 */
export function replicasLeft(
  living: readonly FleetPod[],
  finished: readonly FleetPod[],
  { revision, replicas }: FleetRevision,
): number {
  const there = living.filter(pod => pod.revision === revision);
  const left = there.filter(pod => !finished.includes(pod));
  const settled = left.every(pod => pod.ready && pod.intent === undefined);
  return Math.min(replicas, settled ? left.length : there.length);
}

/**
 * Pods to empty next, up to `count`: those already begun in any case, then those with the fewest connections.
 * @param isBegun by default true for a gateway that closes connections
 */
export function nextToEmpty(
  pods: readonly FleetPod[],
  count: number,
  isBegun: (pod: FleetPod) => boolean = pod => pod.intent?.keep === 0,
): readonly FleetPod[] {
  const begun = pods.filter(isBegun);
  const others = pods.filter(pod => !isBegun(pod)).sort(byConnections);
  return [...begun, ...others].slice(0, Math.max(begun.length, count));
}

function byConnections(a: FleetPod, b: FleetPod): number {
  return (
    (a.connections ?? Number.POSITIVE_INFINITY) - (b.connections ?? Number.POSITIVE_INFINITY) ||
    (a.name < b.name ? -1 : 1)
  );
}

/** Grows the serving revision with the load during a rollout; it shrinks only when the rollout is over. */
export function growServing(replicas: Map<string, number>, { serving, size }: FleetInput, target: string): void {
  if (serving === undefined || serving === ALL_REVISIONS || serving === target) return;
  const now = replicas.get(serving);
  let others = 0;
  for (const [revision, count] of replicas) if (revision !== serving && revision !== target) others += count;
  if (now !== undefined) replicas.set(serving, Math.max(now, size - others));
}

/**
 * Plans for a stopped rollout, which stands still for as long as people need. Clients that were moved are moved back before
 * load balancers cut them off, and so are clients of superseded revisions.
 */
export function retireFromStopped(
  replicas: Map<string, number>,
  input: FleetInput,
  target: string,
): ReadonlyMap<string, TrafficIntent> {
  const retiring = retireSuperseded(replicas, input, target);
  const { serving, hold, pods } = input;
  const moved = alive(pods).filter(({ revision }) => revision === target);
  const due = moved.filter(pod => mustLeave(pod, input));
  const isBusy = [...retiring.values()].some(({ keep }) => keep !== undefined);
  const takers = pods.some(pod => pod.revision === serving && takesClients(pod));
  return isBusy || !takers || hold !== '' ? retiring : new Map([...retiring, ...emptyIntents(due, input, 'Rollout')]);
}

/**
 * Retires superseded revisions, which neither serve nor are the target, because a rollout was changed on its way. Their
 * gateways keep their clients until the target serves, so that clients move once, but not until load balancers cut them
 * off. Gateways without clients are removed now. If new gateways find no node or are refused, others are emptied to free
 * space for them.
 * @param replicas replicas by revision, lowered for those that are removed
 */
export function retireSuperseded(
  replicas: Map<string, number>,
  input: FleetInput,
  target: string,
): ReadonlyMap<string, TrafficIntent> {
  const { serving, size } = input;
  if (serving === undefined || serving === ALL_REVISIONS) return new Map();
  const living = alive(input.pods);
  const between = input.revisions.filter(({ revision }) => revision !== target && revision !== serving);
  const isEmpty = (pod: FleetPod) => !pod.running || (pod.connections === 0 && isShut(pod, input));
  const left: FleetPod[] = [];
  for (const { revision } of between) {
    const there = living.filter(pod => pod.revision === revision);
    if (there.every(isEmpty)) replicas.set(revision, 0);
    else left.push(...there);
  }
  const wanted = input.revisions.find(({ revision }) => revision === target);
  const wantedFor = input.now - (wanted?.targetedSince ?? input.now);
  const isPlaced = !wanted?.refused && living.every(pod => pod.revision !== target || pod.scheduled);
  const fits = wantedFor < SCHEDULED_MS || isPlaced;
  const takers = living.filter(pod => pod.revision === serving && takesClients(pod)).length;
  const free = fits || takers === 0 ? 0 : takers + left.length - size;
  const due = takers === 0 || input.hold !== '' ? [] : left.filter(pod => isOutForLong(pod, input));
  const batch = [...new Set([...nextToEmpty(left, free), ...due])];
  const finished = batch.filter(pod => isFinished(pod, input));
  for (const row of between)
    if (replicas.get(row.revision) !== 0) replicas.set(row.revision, replicasLeft(left, finished, row));
  return emptyIntents(batch, input, 'Rollout');
}
