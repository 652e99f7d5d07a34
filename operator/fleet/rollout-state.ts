import type { TrafficIntent } from '../../server/contract/traffic.ts';
import { clientsOf } from './capacity.ts';
import { alive } from './closing.ts';
import type { FleetInput, FleetPlan, FleetPod, FleetRevision, RolloutReason } from './fleet.ts';

/** Result of a phase of a rollout. */
export interface Rollout {
  readonly serving: string;
  readonly replicas: ReadonlyMap<string, number>;
  readonly intents: ReadonlyMap<string, TrafficIntent>;
  readonly rollout: FleetPlan['rollout'];
  readonly stop: string;
  /** {@link FleetPlan.short} */
  readonly short?: boolean;
}

/** State of a rollout, on which its phases decide. */
export interface RolloutState {
  readonly input: FleetInput;
  /** Revision that all clients should reach in the end. */
  readonly target: string;
  /** Deployment of the target; undefined until it is made. */
  readonly deployment: FleetRevision | undefined;
  /** Reason why the target was stopped; empty when it was not. */
  readonly stopped: string;
  /** Ready gateways of the target that take clients, or would once the Service selects them. */
  readonly ready: readonly FleetPod[];
  /** Gateways of other revisions, terminating ones too. */
  readonly old: readonly FleetPod[];
  /** Number of new gateways that must be ready before clients move. */
  readonly needed: number;
  /** Number of all clients. */
  readonly allClients: number;
  /** Number of clients that {@link needed} gateways are for. */
  readonly clients: number;
  /** Replicas of each revision, which phases change. */
  readonly replicas: Map<string, number>;
}

/** Gateways to run beyond the size while clients move; at most the size itself. */
function surgeOf({ settings, size }: FleetInput): number {
  const { strategy, surgePercent, maxSurge } = settings.rollout;
  if (typeof maxSurge === 'number' && strategy === 'MoveOnce') return Math.min(size, maxSurge);
  const percent = strategy === 'Surge' ? surgePercent : Number.parseInt(String(maxSurge), 10);
  return Math.min(size, Math.max(1, Math.ceil((size * percent) / 100)));
}

/** True if `pod` takes clients, or would once the Service selects it. */
export function isOpen({ ready, intent, refusing }: FleetPod): boolean {
  return ready && intent === undefined && refusing !== true;
}

/**
 * State of the rollout to `target`. Its Deployment gets the full size if that fits into the surge, and never fewer replicas
 * than it has.
 */
export function stateOf(input: FleetInput, target: string): RolloutState {
  const { pods, revisions, settings, size } = input;
  const deployment = revisions.find(({ revision }) => revision === target);
  const old = pods.filter(pod => pod.revision !== target);
  const needed = surgeOf(input);
  const allClients = clientsOf(alive(pods), settings.capacity);
  const free = size + needed - old.length;
  const wanted = Math.max(deployment?.replicas ?? 0, Math.min(size, Math.max(free, needed)));
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

/** Result with `reason` and `message`. By default no client is moved and the Service stays; `rest` overrides that. */
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
