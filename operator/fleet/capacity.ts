/** Decides whether the gateways that take clients are enough to move clients to them: see decision 0026. */
import { takesClients } from './closing.ts';
import type { FleetInput, FleetPod, FleetSettings } from './fleet.ts';

/**
 * Share of the gateways that is enough if they have the places. In a fleet of a few hundred, one is always starting or
 * misses a probe: waiting for all of them would never end.
 */
const ENOUGH = 0.9;
/** Factor by which a gateway may exceed its target while others are missing. */
const ABOVE_TARGET = 1.25;
/**
 * Time for which too few gateways may take clients before a step is given up, in milliseconds: longer than a failed probe
 * and the next one.
 */
const PATIENCE_MS = 15_000;

/**
 * Fewest of `needed` gateways that are enough. A step that has begun goes on without one of a few, because stopping it
 * would waste the moves already made.
 */
function fewest(needed: number, begun: boolean): number {
  return begun ? Math.max(1, Math.min(needed - 1, Math.floor(needed * ENOUGH))) : Math.ceil(needed * ENOUGH);
}

/**
 * True if `takers` gateways have places for `clients`, for `freePlaces` more, and for the clients of one gateway that is
 * lost.
 */
export function hasCapacity(takers: number, clients: number, capacity: FleetSettings['capacity']): boolean {
  const { maxConnections, targetConnections, freePlaces } = capacity;
  const target = targetConnections ?? maxConnections;
  return (takers - 1) * maxConnections >= clients + freePlaces && takers * target * ABOVE_TARGET >= clients;
}

/** Clients of `pods`. A gateway with an unknown number counts as full. */
export function clientsOf(pods: readonly FleetPod[], { maxConnections }: FleetSettings['capacity']): number {
  return pods.reduce((sum, pod) => sum + (pod.connections ?? maxConnections), 0);
}

/**
 * True if enough of `needed` gateways take clients to move `clients` to them: all of them, or most of them with capacity.
 * @param begun true if some clients are on their way already
 */
export function hasEnoughGateways(
  takers: number,
  needed: number,
  clients: number,
  { settings }: FleetInput,
  begun: boolean,
): boolean {
  if (takers >= needed) return true;
  return takers >= fewest(needed, begun) && hasCapacity(takers, clients, settings.capacity);
}

/** True if enough of `all` gateways report their connections: a decision on a mean needs no more. */
export function mostReported(reported: number, all: number, begun: boolean): boolean {
  return reported >= fewest(all, begun);
}

/** True if too few gateways have taken clients for so long that the step is given up. */
export function isShortTooLong({ shortSince, now }: Pick<FleetInput, 'shortSince' | 'now'>): boolean {
  return shortSince !== undefined && now - shortSince >= PATIENCE_MS;
}

/** Number of gateways that take new clients. */
export function takersOf(pods: readonly FleetPod[]): number {
  return pods.filter(takesClients).length;
}
