/**
 * Load balancers of clouds close what a removed target still holds some time after its removal, 300 s where nobody set it, and
 * all of it at once. So no gateway is out of the endpoints for long with clients: it comes back, or is emptied at the pace of drains.
 */
import type { TrafficIntent } from '../../server/contract/traffic.ts';
import { clientsOf, hasCapacity, takersOf } from './capacity.ts';
import { alive, emptying, standsBy } from './closing.ts';
import type { FleetInput, FleetPod } from './fleet.ts';

type Intents = ReadonlyMap<string, TrafficIntent>;

/** For so long a gateway may be out with its clients. Half of what 240 s leave goes to those that leave it then. */
export const OUT_MS = 120_000;

/** Whether `pod` has clients that load balancers may be about to cut off. */
export function isOutForLong({ unofferedSince, connections }: FleetPod, { now }: Pick<FleetInput, 'now'>): boolean {
  return unofferedSince !== undefined && now - unofferedSince >= OUT_MS && connections !== 0;
}

/** Whether `pod` is to be emptied for that, or is being emptied already. */
export function mustLeave(pod: FleetPod, input: Pick<FleetInput, 'now'>): boolean {
  return pod.intent?.keep === 0 || isOutForLong(pod, input);
}

/**
 * Empties gateways that stand by, for their node or for NATS, and have done so for long, while nothing else is being emptied and
 * the others have room.
 * @param intents of all gateways @returns those that change
 */
export function emptyStandby(pods: readonly FleetPod[], intents: Intents, input: FleetInput): Intents {
  const due = alive(pods).filter(pod => isStandby(pod, intents) && mustLeave(pod, input));
  const reason = due.find(pod => pod.intent?.keep === 0)?.intent?.reason ?? due[0]?.intent?.reason;
  if (reason === undefined) return new Map();
  const others = [...intents.values()].some(intent => !standsBy(intent) && intent.keep !== undefined);
  const rest = alive(pods).filter(pod => !intents.has(pod.name));
  const clients = clientsOf(rest, input.settings.capacity) + clientsOf(due, input.settings.capacity);
  if (others || !hasCapacity(takersOf(rest), clients, input.settings.capacity)) return new Map(due.flatMap(waiting));
  return emptying(
    due.filter(pod => pod.intent?.reason === reason),
    input,
    reason,
  );
}

/** Whether `pod` stands by and is to go on. */
function isStandby({ name, intent }: FleetPod, intents: Intents): boolean {
  const next = intents.get(name);
  return next !== undefined && standsBy(next) && intent?.reason === next.reason;
}

/** It goes on standing by, and closes nothing. */
function waiting({ name, intent }: FleetPod): (readonly [string, TrafficIntent])[] {
  return intent ? [[name, { reason: intent.reason, since: intent.since }]] : [];
}
