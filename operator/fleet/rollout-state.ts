import type { TrafficIntent } from '../../server/contract/traffic.ts';
import { clientsOf } from './capacity.ts';
import { alive } from './closing.ts';
import type { FleetInput, FleetPlan, FleetPod, FleetRevision, RolloutReason } from './fleet.ts';

/** What a phase of a rollout wants. */
export interface Rollout {
  readonly serving: string;
  readonly replicas: ReadonlyMap<string, number>;
  readonly intents: ReadonlyMap<string, TrafficIntent>;
  readonly rollout: FleetPlan['rollout'];
  readonly stop: string;
  /** {@link FleetPlan.short} */
  readonly short?: boolean;
}

/** How far a rollout has come: what its phases decide on. */
export interface RolloutState {
  readonly input: FleetInput;
  /** Revision clients should end at. */
  readonly target: string;
  /** The target's Deployment; undefined until it is made. */
  readonly deployment: FleetRevision | undefined;
  /** Why the target was stopped; empty when it was not. */
  readonly stopped: string;
  /** Gateways of the target that are there for the clients that are to move to it. */
  readonly ready: readonly FleetPod[];
  /** Gateways of other revisions, terminating ones too. */
  readonly old: readonly FleetPod[];
  /** How many new gateways there have to be before clients move. */
  readonly needed: number;
  /** All clients there are. */
  readonly allClients: number;
  /** Those of them that {@link needed} gateways are for. */
  readonly clients: number;
  /** Replicas of each revision; a phase changes them. */
  readonly replicas: Map<string, number>;
}

/** Gateways that run beyond the wanted number while clients move: no more than that number. */
function surgeOf({ settings, size }: FleetInput): number {
  const { strategy, surgePercent, maxSurge } = settings.rollout;
  if (typeof maxSurge === 'number' && strategy === 'MoveOnce') return Math.min(size, maxSurge);
  const percent = strategy === 'Surge' ? surgePercent : Number.parseInt(String(maxSurge), 10);
  return Math.min(size, Math.max(1, Math.ceil((size * percent) / 100)));
}

/** True if `pod` would take clients once the Service leads to it. */
export function isOpen({ ready, intent, refusing }: FleetPod): boolean {
  return ready && intent === undefined && refusing !== true;
}

/** Where the rollout to `target` stands. Its Deployment gets the wanted number where they fit, never fewer than it has. */
export function stateOf(input: FleetInput, target: string): RolloutState {
  const { pods, revisions, settings, size } = input;
  const deployment = revisions.find(({ revision }) => revision === target);
  const old = pods.filter(pod => pod.revision !== target);
  const needed = surgeOf(input);
  const allClients = clientsOf(alive(pods), settings.capacity);
  const room = size + needed - old.length;
  const wanted = Math.max(deployment?.replicas ?? 0, Math.min(size, Math.max(room, needed)));
  return {
    input,
    target,
    deployment,
    stopped: deployment?.stopped ?? '',
    ready: alive(pods).filter(pod => pod.revision === target && isOpen(pod)),
    old,
    needed,
    allClients,
    clients: (allClients * needed) / Math.max(1, size),
    replicas: new Map(revisions.map(({ revision, replicas }) => [revision, replicas] as const)).set(target, wanted),
  };
}

/** The rollout as it stands, said with `reason` and `message`: nobody is moved and the Service stays, but for what `rest` says. */
export function step(
  { input, target, replicas }: RolloutState,
  reason: RolloutReason,
  message: string,
  rest: Partial<Rollout> = {},
): Rollout {
  return {
    serving: input.serving ?? target,
    replicas,
    intents: new Map(),
    rollout: { reason, message },
    stop: '',
    ...rest,
  };
}
