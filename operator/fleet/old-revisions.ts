import type { TrafficIntent } from '../../server/contract/traffic.ts';
import { ALL_REVISIONS } from '../api/serving.ts';
import { alive, emptying, isFinished, isShut, takesClients } from './closing.ts';
import type { FleetInput, FleetPod, FleetRevision } from './fleet.ts';
import { isOutForLong, mustLeave } from './removed-targets.ts';

/** A pod has a node a moment after it was made, if there is one for it. */
const SCHEDULED_MS = 10_000;

/**
 * Replicas of an old revision. The ReplicaSet controller takes any gateway that is not ready, then those that are being emptied,
 * with clients or without, so the empty ones go when there is no other of either kind.
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
 * Which of `pods` are emptied next, up to `count`: those that are begun in any case, then those with the fewest connections.
 * @param isBegun by default what closes connections
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

/** The revision that still serves grows with the load; it shrinks when the rollout is over. */
export function growServing(replicas: Map<string, number>, { serving, size }: FleetInput, target: string): void {
  if (serving === undefined || serving === ALL_REVISIONS || serving === target) return;
  const now = replicas.get(serving);
  let others = 0;
  for (const [revision, count] of replicas) if (revision !== serving && revision !== target) others += count;
  if (now !== undefined) replicas.set(serving, Math.max(now, size - others));
}

/**
 * A rollout that was stopped stands still for as long as people need. Those who had moved are taken back before load balancers
 * cut them off, and so are clients of revisions between.
 */
export function retireFromStopped(
  replicas: Map<string, number>,
  input: FleetInput,
  target: string,
): ReadonlyMap<string, TrafficIntent> {
  const room = retireSuperseded(replicas, input, target);
  const { serving, hold, pods } = input;
  const moved = alive(pods).filter(({ revision }) => revision === target);
  const due = moved.filter(pod => mustLeave(pod, input));
  const isBusy = [...room.values()].some(({ keep }) => keep !== undefined);
  const takers = pods.some(pod => pod.revision === serving && takesClients(pod));
  return isBusy || !takers || hold !== '' ? room : new Map([...room, ...emptying(due, input, 'Rollout')]);
}

/**
 * Gateways of revisions that neither serve nor are wanted are left by a rollout that was changed on its way. They keep their
 * clients until the wanted ones serve, so that these move once, but not for so long that load balancers cut them off. Those
 * without clients go now, and when the wanted gateways fit nowhere or are refused, others are emptied for them.
 * @param replicas lowered for those that go
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
  return emptying(batch, input, 'Rollout');
}
