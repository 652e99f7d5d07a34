import { ALL_REVISIONS } from '../api/serving.ts';
import { baseOf, type Canary, canaryOf } from './canary.ts';
import { hasEnoughGateways } from './capacity.ts';
import type { FleetInput } from './fleet.ts';
import { moveClients } from './moving.ts';
import { growServing, retireFromStopped, retireSuperseded } from './old-revisions.ts';
import { type Rollout, type RolloutState, stateOf, step } from './rollout-state.ts';

/**
 * Revision that all clients should reach in the end: that of the spec, unless a person undid it and another one still
 * exists.
 */
export function targetOf({
  target,
  undone,
  serving,
  revisions,
}: Pick<FleetInput, 'target' | 'undone' | 'serving' | 'revisions'>): string {
  if (target !== undone) return target;
  const others = revisions.filter(({ revision }) => revision !== undone);
  if (serving !== undefined && others.some(({ revision }) => revision === serving)) return serving;
  return [...others].sort((a, b) => b.targetedAt - a.targetedAt)[0]?.revision ?? target;
}

/**
 * Plans one step from old revisions to `target` with the strategy MoveOnce or Surge: new gateways start, the Service moves
 * to them, and when load balancers have noticed, the old ones are emptied. With Surge fewer new gateways exist at a time,
 * and an old gateway is emptied for each new one that is ready. Both strategies move each client once.
 */
export function rollOut(input: FleetInput, target: string): Rollout {
  const state = stateOf(input, target);
  if (input.serving === target) return moveClients(state);
  return staysStopped(state) ?? tryCanary(state) ?? moveService(state) ?? start(state);
}

/** Keeps a stopped rollout where it is. The Service stays, or moves from both revisions back to the old one. */
function staysStopped(state: RolloutState): Rollout | undefined {
  const { input, target, replicas, stopped } = state;
  if (stopped === '') return undefined;
  const back = input.serving === ALL_REVISIONS ? { serving: baseOf(input, target) ?? input.serving } : {};
  return step(state, 'Stopped', stopped, { ...back, intents: retireFromStopped(replicas, input, target) });
}

/** Canary step: the Service selects both revisions while a gateway of the new one is ready, and no client is moved. */
function tryCanary(state: RolloutState): Rollout | undefined {
  const { input, target, deployment, ready, replicas } = state;
  const { hold, settings, unhealthy } = input;
  const canary = canaryOf(input, target);
  if (!canary) return undefined;
  const { base, count, isOn } = canary;
  replicas.set(target, Math.max(deployment?.replicas ?? 0, count));
  growServing(replicas, { ...input, serving: base }, target);
  if (isOn && unhealthy !== '') return step(state, 'Stopped', unhealthy, { stop: unhealthy, serving: base });
  if (!isThere(canary, ready.length)) return starting(state, count, { serving: base });
  if (hold !== '') return step(state, 'Held', hold);
  const message = `new clients reach ${count} gateways of ${target} beside the old ones for ${settings.rollout.canary.seconds} s`;
  return step(state, 'Canary', message, { serving: ALL_REVISIONS });
}

/** True if the canary has its gateways. Once the step is on, one ready gateway is enough. */
function isThere({ count, isOn }: Canary, ready: number): boolean {
  return isOn ? ready > 0 : ready >= count;
}

/** Moves the Service once enough new gateways are ready. */
function moveService(state: RolloutState): Rollout | undefined {
  const { input, target, deployment, ready, needed, clients } = state;
  // The first Service has no clients to lose.
  const isFirst = input.serving === undefined && deployment === undefined;
  if (!hasEnoughGateways(ready.length, needed, clients, input, false) && !isFirst) return undefined;
  if (input.hold !== '') return step(state, 'Held', input.hold);
  return step(state, 'Spreading', `the Service moves to ${target}`, { serving: target });
}

/** Starts new gateways and frees space for them. */
function start(state: RolloutState): Rollout {
  const { input, target, needed, replicas } = state;
  growServing(replicas, input, target);
  return starting(state, needed, { intents: retireSuperseded(replicas, input, target) });
}

/** Waits for `count` new gateways to be ready, and reports when that takes too long. */
function starting(state: RolloutState, count: number, rest: Partial<Rollout>): Rollout {
  const { now, serving, servingSince, settings } = state.input;
  const { canary, progressDeadlineSeconds } = settings.rollout;
  const { deployment, ready } = state;
  const message = `${ready.length} of ${count} new gateways ready`;
  const afterCanary = serving === ALL_REVISIONS ? servingSince + canary.seconds * 1_000 : Number.NEGATIVE_INFINITY;
  const isLate =
    deployment !== undefined && now - Math.max(deployment.targetedSince, afterCanary) > progressDeadlineSeconds * 1_000;
  if (!isLate) return step(state, 'Starting', message, rest);
  return step(state, 'Stopped', `${message} after ${progressDeadlineSeconds} s; clients stay where they are`, rest);
}
