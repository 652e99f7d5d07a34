/**
 * Keeps gateways with clients from being out of the endpoints for long. Cloud load balancers close all connections of a
 * removed target at once after a while, 300 s by default. So such a gateway comes back, or is emptied at the pace of
 * drains.
 */
import type { TrafficIntent } from '../../server/contract/traffic.ts';
import { clientsOf, hasCapacity, takersOf } from './capacity.ts';
import { alive, emptyIntents, standsBy } from './closing.ts';
import type { FleetInput, FleetPod } from './fleet.ts';

type Intents = ReadonlyMap<string, TrafficIntent>;

/**
 * Time a gateway with clients may be out of the endpoints, in milliseconds. Its clients then get the other half of 240 s.
 */
export const OUT_MS = 120_000;

/** True if `pod` has clients that load balancers may be about to cut off. */
export function isOutForLong({ unofferedSince, connections }: FleetPod, { now }: Pick<FleetInput, 'now'>): boolean {
  return unofferedSince !== undefined && now - unofferedSince >= OUT_MS && connections !== 0;
}

/** True if `pod` is to be emptied for that reason, or closes connections already. */
export function mustLeave(pod: FleetPod, input: Pick<FleetInput, 'now'>): boolean {
  return pod.intent?.keep === 0 || isOutForLong(pod, input);
}

/**
 * Empties gateways that have stood by for long, for their node or for NATS, if no other gateway is being emptied and the
 * others have capacity.
 * @param intents intents of all gateways
 * @returns intents that change
 */
export function emptyStandby(pods: readonly FleetPod[], intents: Intents, input: FleetInput): Intents {
  const due = alive(pods).filter(pod => isStandby(pod, intents) && mustLeave(pod, input));
  const reason = due.find(pod => pod.intent?.keep === 0)?.intent?.reason ?? due[0]?.intent?.reason;
  if (reason === undefined) return new Map();
  const others = [...intents.values()].some(intent => !standsBy(intent) && intent.keep !== undefined);
  const rest = alive(pods).filter(pod => !intents.has(pod.name));
  const clients = clientsOf(rest, input.settings.capacity) + clientsOf(due, input.settings.capacity);
  if (others || !hasCapacity(takersOf(rest), clients, input.settings.capacity)) return new Map(due.flatMap(waiting));
  return emptyIntents(
    due.filter(pod => pod.intent?.reason === reason),
    input,
    reason,
  );
}

/** True if `pod` stands by and shall go on. */
function isStandby({ name, intent }: FleetPod, intents: Intents): boolean {
  const next = intents.get(name);
  return next !== undefined && standsBy(next) && intent?.reason === next.reason;
}

/** Intent to stand by without closing connections. */
function waiting({ name, intent }: FleetPod): (readonly [string, TrafficIntent])[] {
  return intent ? [[name, { reason: intent.reason, since: intent.since }]] : [];
}
