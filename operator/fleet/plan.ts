import type { TrafficIntent } from '../../server/contract/traffic.ts';
import { isServing } from '../api/serving.ts';
import { alive, standsBy } from './closing.ts';
import { isolateCutOff } from './cut-off.ts';
import type { FleetInput, FleetPlan, FleetPod, RolloutReason } from './fleet.ts';
import { onDelete } from './on-delete.ts';
import { emptyStandby } from './removed-targets.ts';
import { rollOut, targetOf } from './rollout.ts';
import type { Rollout } from './rollout-state.ts';
import { rebalance, shutLeavingNodes } from './steady.ts';
import { scaleDown } from './victims.ts';

/** Milliseconds until the next plan while something changes that no watch reports. */
const AGAIN_MS = 1_000;
/** Milliseconds until the next plan while a gateway with clients is out of the endpoints, which must not last long. */
const OUT_AGAIN_MS = 10_000;

/** States that only an event ends, never time alone. */
const UNTIMED: ReadonlySet<RolloutReason> = new Set(['Complete', 'NoneReady', 'WaitingForDelete', 'Stopped']);

/**
 * Plans the next step for the gateways of a ChatCluster. Doing it and planning again leads to the wanted size and revision.
 */
export function planFleet(observed: FleetInput): FleetPlan {
  const target = targetOf(observed);
  const input = { ...observed, serving: observed.serving ?? servingNow(observed) };
  const made =
    observed.settings.rollout.strategy === 'OnDelete'
      ? onDelete(input, target)
      : withScale(rollOut(input, target), input, target);
  const intents = new Map(made.intents);
  const serving = input.pods.filter(pod => isServing(pod, made.serving));
  const leaving = shutLeavingNodes(serving, intents, input);
  for (const [name, intent] of leaving.intents) intents.set(name, intent);
  const aside = isolateCutOff(serving, intents, input);
  for (const [name, intent] of aside.intents) intents.set(name, intent);
  for (const [name, intent] of emptyStandby(serving, intents, input)) intents.set(name, intent);
  let { draining } = made;
  let short = leaving.short || made.short === true;
  let { again } = aside;
  if (made.rollout.reason === 'Complete' && draining === '' && intents.size === 0) {
    const balance = rebalance(serving, input);
    for (const [name, intent] of balance.intents) intents.set(name, intent);
    draining = balance.message;
    short ||= balance.short;
    again ||= balance.again === true;
  }
  // A gateway on a leaving node waits for its eviction, perhaps for days, and a gateway that is cut off waits for NATS.
  const settled = UNTIMED.has(made.rollout.reason) && [...intents.values()].every(standsBy) && !again && !short;
  return {
    target,
    serving: made.serving,
    revisions: [...made.replicas]
      .filter(([revision, replicas]) => revision === target || revision === made.serving || replicas > 0)
      .map(([revision, replicas]) => ({ revision, replicas, targetedAt: targetedAt(input, revision, target) })),
    intents: changes(input, intents),
    rollout: made.rollout,
    draining: [draining, aside.message].filter(text => text !== '').join('; '),
    short,
    stop: made.stop,
    againMs: settled ? againOf(input) : AGAIN_MS,
  };
}

function againOf({ pods }: FleetInput): number | undefined {
  const isOut = (pod: FleetPod) => pod.running && !pod.offered && pod.connections !== 0;
  return alive(pods).some(isOut) ? OUT_AGAIN_MS : undefined;
}

/** Revision that a new client Service selects after the old one was deleted: the one with the most ready gateways. */
function servingNow({ revisions, pods }: FleetInput): string | undefined {
  const count = (revision: string) => pods.filter(pod => pod.revision === revision && pod.ready).length;
  const [best] = [...revisions].sort((a, b) => count(b.revision) - count(a.revision) || b.targetedAt - a.targetedAt);
  return best?.revision;
}

/** Scales the serving revision, if the rollout is over or stopped before a client was moved. */
function withScale(made: Rollout, input: FleetInput, target: string): Rollout & { readonly draining: string } {
  const { serving } = made;
  const still = made.rollout.reason === 'Stopped' && input.serving === serving && serving !== target;
  const alone = serving === target && input.pods.every(pod => pod.revision === target);
  if ((!alone && !still) || input.sizedByOthers) return { ...made, draining: '' };
  const down = scaleDown(
    input.pods.filter(pod => pod.revision === serving),
    input.size,
    input,
  );
  const current = input.revisions.find(({ revision }) => revision === serving)?.replicas ?? 0;
  const replicas = new Map(made.replicas).set(serving, down.finished ? input.size : Math.max(current, input.size));
  return { ...made, replicas, intents: new Map([...made.intents, ...down.intents]), draining: down.message };
}

/** Time of day at which a revision became the target. It tells this attempt from an earlier one. */
function targetedAt({ revisions, wall }: FleetInput, revision: string, target: string): number {
  const known = revisions.find(row => row.revision === revision)?.targetedAt ?? 0;
  if (revision !== target) return known;
  const newest = Math.max(0, ...revisions.filter(row => row.revision !== target).map(row => row.targetedAt));
  // The clock of the previous operator may be ahead. The recorded time has to be the newest, else it is written again and
  // again.
  return known > newest ? known : Math.max(wall, newest + 1);
}

function changes({ pods }: FleetInput, wanted: ReadonlyMap<string, TrafficIntent>): FleetPlan['intents'] {
  return new Map(
    alive(pods)
      .filter(pod => !same(pod.intent, wanted.get(pod.name)))
      .map(pod => [pod.name, wanted.get(pod.name)] as const),
  );
}

function same(a: TrafficIntent | undefined, b: TrafficIntent | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.reason === b.reason &&
    a.since === b.since &&
    a.keep === b.keep &&
    a.perSecond === b.perSecond &&
    a.waitSeconds === b.waitSeconds &&
    a.deadline === b.deadline
  );
}
