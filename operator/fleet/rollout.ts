import type { TrafficIntent } from '../../server/contract.ts';
import { baseOf, type Canary, canaryOf } from './canary.ts';
import { areEnough, clientsOf, haveRoom, lasts } from './capacity.ts';
import { alive, emptying, intentsOf, isFinished, isShut, takesClients } from './closing.ts';
import {
  ALL_REVISIONS,
  type FleetInput,
  type FleetPlan,
  type FleetPod,
  type FleetRevision,
  type RolloutReason,
} from './fleet.ts';
import { isOutForLong } from './removed-targets.ts';
import { grow, leaveStopped, makeRoom, nextOf, staying } from './room.ts';
import { roughly } from './roughly.ts';

export interface Rollout {
  readonly serving: string;
  readonly replicas: ReadonlyMap<string, number>;
  readonly intents: ReadonlyMap<string, TrafficIntent>;
  readonly rollout: FleetPlan['rollout'];
  readonly stop: string;
  /** {@link FleetPlan.short} */
  readonly short?: boolean;
}

/** The revision clients should end at: the spec's, unless a person took it back and another one is still there. */
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

/** Gateways that run beyond the wanted number while clients move: no more than that number. */
function surgeOf({ settings, size }: FleetInput): number {
  const { strategy, surgePercent, maxSurge } = settings.rollout;
  if (typeof maxSurge === 'number' && strategy === 'MoveOnce') return Math.min(size, maxSurge);
  const percent = strategy === 'Surge' ? surgePercent : Number.parseInt(String(maxSurge), 10);
  return Math.min(size, Math.max(1, Math.ceil((size * percent) / 100)));
}

/** True if `pod` would take clients once the Service leads to it. */
function isOpen({ ready, intent, refusing }: FleetPod): boolean {
  return ready && intent === undefined && refusing !== true;
}

/** Gateways of the target that are there for the clients that are to move to it. */
function readyOf(target: string, pods: readonly FleetPod[]): FleetPod[] {
  return pods.filter(pod => pod.revision === target && isOpen(pod));
}

type Step = (reason: RolloutReason, message: string, rest?: Partial<Rollout>) => Rollout;

/** New gateways are on their way. When that takes too long it is said. */
function start(
  { now, serving, servingSince, settings }: FleetInput,
  held: FleetRevision | undefined,
  step: Step,
  count: string,
  rest: Partial<Rollout>,
): Rollout {
  const { canary, progressDeadlineSeconds } = settings.rollout;
  const afterCanary = serving === ALL_REVISIONS ? servingSince + canary.seconds * 1_000 : Number.NEGATIVE_INFINITY;
  const isLate =
    held !== undefined && now - Math.max(held.targetedSince, afterCanary) > progressDeadlineSeconds * 1_000;
  if (!isLate) return step('Starting', count, rest);
  return step('Stopped', `${count} after ${progressDeadlineSeconds} s; clients stay where they are`, rest);
}

/** The canary step: the Service leads to both revisions while a gateway of the new one is ready, and nobody is moved. */
function tryOut(
  input: FleetInput,
  target: string,
  { base, count, isOn }: Canary,
  given: {
    readonly held: FleetRevision | undefined;
    readonly ready: readonly FleetPod[];
    readonly replicas: Map<string, number>;
    readonly step: Step;
  },
): Rollout {
  const { held, ready, replicas, step } = given;
  const { hold, settings, unhealthy } = input;
  replicas.set(target, Math.max(held?.replicas ?? 0, count));
  grow(replicas, { ...input, serving: base }, target);
  if (isOn && unhealthy !== '') return step('Stopped', unhealthy, { stop: unhealthy, serving: base });
  const isThere = isOn ? ready.length > 0 : ready.length >= count;
  if (!isThere) return start(input, held, step, `${ready.length} of ${count} new gateways ready`, { serving: base });
  if (hold !== '') return step('Held', hold);
  const message = `new clients find ${count} gateways of ${target} beside the old ones for ${settings.rollout.canary.seconds} s`;
  return step('Canary', message, { serving: ALL_REVISIONS });
}

/** Chosen already. A gateway of the new revision that misses a probe is no reason to choose anew. */
function isMoving({ intent }: FleetPod): boolean {
  return intent?.reason === 'Rollout';
}

/**
 * The revision that most old gateways have, once the Service may lead to it again; undefined before. One that is not ready gets
 * nobody and is not waited for if the others have room; one that is ready and has not heard that it may take clients again would
 * refuse them.
 */
function servingBefore(old: readonly FleetPod[], clients: number, input: FleetInput): string | undefined {
  const counts = new Map<string, number>();
  for (const { revision } of old) counts.set(revision, (counts.get(revision) ?? 0) + 1);
  const most = [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
  const theirs = old.filter(({ revision }) => revision === most);
  const ready = theirs.filter(pod => pod.ready);
  return ready.every(isOpen) && areEnough(ready.length, theirs.length, clients, input, true) ? most : undefined;
}

/** Replicas of the target while old gateways remain: the wanted number where they fit, never fewer than it has. */
function growth(input: FleetInput, target: FleetRevision | undefined, old: readonly FleetPod[]): number {
  const surge = surgeOf(input);
  const room = input.size + surge - old.length;
  return Math.max(target?.replicas ?? 0, Math.min(input.size, Math.max(room, surge)));
}

/**
 * One step from old revisions to `target` (strategies MoveOnce and Surge): the new gateways come up, the Service moves to
 * them, and only when load balancers have heard of it the old ones are emptied. Surge differs in how many new ones there
 * are at a time: an old gateway is emptied for each new one that is ready, and both strategies move a client once.
 */
export function rollOut(input: FleetInput, target: string): Rollout {
  const { settings, size, serving } = input;
  const held = input.revisions.find(({ revision }) => revision === target);
  const old = input.pods.filter(pod => pod.revision !== target);
  const ready = readyOf(target, alive(input.pods));
  const replicas = new Map(input.revisions.map(({ revision, replicas }) => [revision, replicas]));
  const wanted = growth(input, held, old);
  replicas.set(target, wanted);
  const stopped = held?.stopped ?? '';
  const needed = surgeOf(input);
  // Of all clients, those that so many gateways are for.
  const everybody = clientsOf(alive(input.pods), settings.capacity);
  const clients = (everybody * needed) / Math.max(1, size);
  const step: Step = (reason, message, rest = {}) => ({
    serving: serving ?? target,
    replicas,
    intents: new Map(),
    rollout: { reason, message },
    stop: '',
    ...rest,
  });

  if (serving !== target) {
    const canary = canaryOf(input, target);
    const back = serving === ALL_REVISIONS ? { serving: baseOf(input, target) ?? serving } : {};
    if (stopped !== '') return step('Stopped', stopped, { ...back, intents: leaveStopped(replicas, input, target) });
    if (canary) return tryOut(input, target, canary, { held, ready, replicas, step });
    // A Service that serves nobody has nothing to lose.
    const canMove =
      areEnough(ready.length, needed, clients, input, false) || (serving === undefined && held === undefined);
    if (canMove && input.hold !== '') return step('Held', input.hold);
    if (canMove) return step('Spreading', `the Service moves to ${target}`, { serving: target });
    grow(replicas, input, target);
    return start(input, held, step, `${ready.length} of ${needed} new gateways ready`, {
      intents: makeRoom(replicas, input, target),
    });
  }

  const living = alive(old);
  const finished = living.filter(pod => isFinished(pod, input));
  const left = living.filter(pod => !finished.includes(pod));
  // What is removed keeps its intent until it is gone.
  const going = intentsOf(finished);
  const remove = () => {
    for (const row of input.revisions)
      if (row.revision !== target) replicas.set(row.revision, staying(living, finished, row));
  };
  if (left.length === 0) {
    remove();
    if (old.length === 0) {
      const works = ready.length > 0 || size === 0;
      return step(works ? 'Complete' : 'NoneReady', `${ready.length} of ${size} gateways ready, all of one revision`);
    }
    return step('Moving', 'old gateways are being removed', { intents: going });
  }
  const connections = left.reduce((sum, pod) => sum + (pod.connections ?? 0), 0);
  const numbers = `${left.length} old gateways with about ${roughly(connections)} connections left`;
  // Whoever holds clients keeps them, nothing is removed that they may be taken back to, and nobody new comes to what does worse.
  const back = servingBefore(left, everybody, input) ?? target;
  if (stopped !== '') return step('Stopped', stopped, { serving: back });
  if (input.unhealthy !== '') return step('Stopped', input.unhealthy, { stop: input.unhealthy, serving: back });
  if (input.hold !== '') {
    const isLong = left.some(pod => isOutForLong(pod, input));
    return step('Held', `${input.hold}; ${numbers}`, isLong ? { serving: ALL_REVISIONS } : {});
  }
  const takers = ready.filter(takesClients);
  if (!areEnough(takers.length, needed, clients, input, true)) {
    const message = `${takers.length} of ${needed} new gateways take clients; ${numbers}`;
    if (takers.length === 0 || lasts(input)) return step('Held', message, { short: true });
    // They may be back in a moment: who closes connections goes on, and nobody begins.
    const intents = new Map([...going, ...intentsOf(left.filter(isMoving))]);
    return step('Moving', numbers, { intents, short: true });
  }
  if (!living.every(pod => isShut(pod, input))) {
    // A new operator does not know how long the others have been shut; those that close go on.
    const intents = new Map([...going, ...intentsOf(left.filter(pod => pod.intent?.keep === 0))]);
    return step('Spreading', `load balancers hear of it; ${numbers}`, { intents });
  }

  remove();
  // Old gateways may go as far as new ones can stand in for them, or have room for all of their clients.
  const hasRoom = settings.rollout.strategy === 'MoveOnce' && haveRoom(takers.length, everybody, settings.capacity);
  const free = hasRoom ? left.length : Math.max(0, takers.length + left.length - size);
  // Gateways that become as cheap now could be removed in place of those the Deployment is to be rid of.
  const removes = input.revisions.some(({ revision }) => {
    const there = living.filter(pod => pod.revision === revision).length;
    return revision !== target && (replicas.get(revision) ?? 0) < there;
  });
  const intents = emptying(nextOf(left, removes ? 0 : free, isMoving), input, 'Rollout');
  return step('Moving', numbers, { intents: new Map([...going, ...intents]) });
}
