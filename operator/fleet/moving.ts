/** Phases of a rollout after the Service has moved: old gateways are emptied and removed. */
import type { TrafficIntent } from '../../server/contract/traffic.ts';
import { ALL_REVISIONS } from '../api/serving.ts';
import { hasCapacity, hasEnoughGateways, isShortTooLong } from './capacity.ts';
import { alive, emptyIntents, intentsOf, isFinished, isShut, takesClients } from './closing.ts';
import type { FleetPod } from './fleet.ts';
import { nextToEmpty, replicasLeft } from './old-revisions.ts';
import { isOutForLong } from './removed-targets.ts';
import { isOpen, type Rollout, type RolloutState, step } from './rollout-state.ts';
import { roughly } from './roughly.ts';

/** State of a rollout with the old gateways on their way out. */
interface Leaving extends RolloutState {
  /** Old gateways that are not terminating. */
  readonly living: readonly FleetPod[];
  /** Gateways out of {@link living} that may be removed. */
  readonly finished: readonly FleetPod[];
  /** Gateways out of {@link living} that may not be removed yet. */
  readonly left: readonly FleetPod[];
  /** Intents of {@link finished}: a gateway keeps its intent until it is gone. */
  readonly going: ReadonlyMap<string, TrafficIntent>;
  /** Number of {@link left} and of their connections, in words. */
  readonly numbers: string;
}

/** Plans one step towards all clients being at the target, which the Service selects. */
export function moveClients(state: RolloutState): Rollout {
  const leaving = leavingOf(state);
  return (
    finish(leaving) ??
    stop(leaving) ??
    hold(leaving) ??
    waitForTakers(leaving) ??
    waitForBalancers(leaving) ??
    empty(leaving)
  );
}

function leavingOf(state: RolloutState): Leaving {
  const living = alive(state.old);
  const finished = living.filter(pod => isFinished(pod, state.input));
  const left = living.filter(pod => !finished.includes(pod));
  const connections = left.reduce((sum, pod) => sum + (pod.connections ?? 0), 0);
  const numbers = `${left.length} old gateways with about ${roughly(connections)} connections left`;
  return { ...state, living, finished, left, going: intentsOf(finished), numbers };
}

/** Ends the rollout when no old gateway is left. */
function finish(leaving: Leaving): Rollout | undefined {
  const { input, left, old, ready, going } = leaving;
  if (left.length > 0) return undefined;
  remove(leaving);
  if (old.length > 0) return step(leaving, 'Moving', 'old gateways are being removed', { intents: going });
  const works = ready.length > 0 || input.size === 0;
  const message = `${ready.length} of ${input.size} gateways ready, all of one revision`;
  return step(leaving, works ? 'Complete' : 'NoneReady', message);
}

/** Lowers the replicas of the old Deployments by the finished gateways. */
function remove({ input, target, replicas, living, finished }: Leaving): void {
  for (const row of input.revisions)
    if (row.revision !== target) replicas.set(row.revision, replicasLeft(living, finished, row));
}

/**
 * Stops the rollout if the target is worse. Clients stay where they are, no old gateway is removed, because clients may be
 * moved back to it, and the Service moves back, so that new clients avoid the target.
 */
function stop(leaving: Leaving): Rollout | undefined {
  const { stopped, input, target } = leaving;
  const back = () => servingBefore(leaving) ?? target;
  if (stopped !== '') return step(leaving, 'Stopped', stopped, { serving: back() });
  const { unhealthy } = input;
  return unhealthy === '' ? undefined : step(leaving, 'Stopped', unhealthy, { stop: unhealthy, serving: back() });
}

/**
 * Revision of most old gateways, once the Service may select it again; undefined before. Gateways of it that are not ready
 * get no clients, and are not waited for if the others have capacity. A gateway that is ready, but does not know yet that
 * it may take clients again, would refuse them.
 */
function servingBefore({ left, allClients, input }: Leaving): string | undefined {
  const counts = new Map<string, number>();
  for (const { revision } of left) counts.set(revision, (counts.get(revision) ?? 0) + 1);
  const most = [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
  const theirs = left.filter(({ revision }) => revision === most);
  const ready = theirs.filter(pod => pod.ready);
  return ready.every(isOpen) && hasEnoughGateways(ready.length, theirs.length, allClients, input, true)
    ? most
    : undefined;
}

/** Holds the rollout. Old gateways take clients again before load balancers cut off those they have. */
function hold(leaving: Leaving): Rollout | undefined {
  const { input, left, numbers } = leaving;
  if (input.hold === '') return undefined;
  const isLong = left.some(pod => isOutForLong(pod, input));
  return step(leaving, 'Held', `${input.hold}; ${numbers}`, isLong ? { serving: ALL_REVISIONS } : {});
}

/** Waits while too few new gateways take clients. */
function waitForTakers(leaving: Leaving): Rollout | undefined {
  const { input, left, going, needed, clients, numbers } = leaving;
  const takers = takersIn(leaving);
  if (hasEnoughGateways(takers, needed, clients, input, true)) return undefined;
  if (takers === 0 || isShortTooLong(input))
    return step(leaving, 'Held', `${takers} of ${needed} new gateways take clients; ${numbers}`, { short: true });
  // They may be back in a moment: gateways that close connections go on, and no other gateway begins.
  const intents = new Map([...going, ...intentsOf(left.filter(isMoving))]);
  return step(leaving, 'Moving', numbers, { intents, short: true });
}

function takersIn({ ready }: Leaving): number {
  return ready.filter(takesClients).length;
}

/** True if the gateway was chosen already. A new gateway that misses a probe is no reason to choose others. */
function isMoving({ intent }: FleetPod): boolean {
  return intent?.reason === 'Rollout';
}

/** Waits while load balancers may still send new clients to an old gateway. */
function waitForBalancers(leaving: Leaving): Rollout | undefined {
  const { input, living, left, going, numbers } = leaving;
  if (living.every(pod => isShut(pod, input))) return undefined;
  // A new operator does not know how long the others have been shut; gateways that close connections go on.
  const intents = new Map([...going, ...intentsOf(left.filter(pod => pod.intent?.keep === 0))]);
  return step(leaving, 'Spreading', `waiting for load balancers to notice; ${numbers}`, { intents });
}

/** Empties old gateways, as many at a time as new ones have capacity for, and removes empty ones. */
function empty(leaving: Leaving): Rollout {
  const { input, left, going, numbers } = leaving;
  remove(leaving);
  const batch = nextToEmpty(left, isRemoving(leaving) ? 0 : placesOf(leaving), isMoving);
  const intents = new Map([...going, ...emptyIntents(batch, input, 'Rollout')]);
  return step(leaving, 'Moving', numbers, { intents });
}

/**
 * Number of old gateways that may be emptied: as many as new ones replace, or all if the new ones have capacity for all
 * clients.
 */
function placesOf(leaving: Leaving): number {
  const { input, left, allClients } = leaving;
  const { rollout, capacity } = input.settings;
  const takers = takersIn(leaving);
  if (rollout.strategy === 'MoveOnce' && hasCapacity(takers, allClients, capacity)) return left.length;
  return Math.max(0, takers + left.length - input.size);
}

/**
 * True while a Deployment is still to lose pods. If other gateways got the same deletion cost now, they might be removed
 * instead.
 */
function isRemoving({ input, target, replicas, living }: Leaving): boolean {
  return input.revisions.some(({ revision }) => {
    const there = living.filter(pod => pod.revision === revision).length;
    return revision !== target && (replicas.get(revision) ?? 0) < there;
  });
}
