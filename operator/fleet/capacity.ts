/** Whether those gateways that take clients are enough for what moves clients to them: see decision 0026. */
import { takesClients } from './closing.ts';
import type { FleetInput, FleetPod, FleetSettings } from './fleet.ts';

/**
 * Share of the gateways that is enough if they have the places. One of a few hundred is always starting anew, or misses a probe:
 * what waits for all of them waits for ever.
 */
const ENOUGH = 0.9;
/** How far above its target a gateway may be filled for want of the others, as a factor. */
const ABOVE_TARGET = 1.25;
/** For so long too few may take clients before what goes on is given up: longer than a probe that failed and the one after it. */
const PATIENCE_MS = 15_000;

/** Fewest of `needed` gateways. What has begun goes on without one of a few: stopping costs what was done. */
function fewest(needed: number, begun: boolean): number {
  return begun ? Math.max(1, Math.min(needed - 1, Math.floor(needed * ENOUGH))) : Math.ceil(needed * ENOUGH);
}

/** Whether `takers` gateways have places for `clients`, for those who may come soon, and for those of one that is lost. */
export function hasCapacity(takers: number, clients: number, capacity: FleetSettings['capacity']): boolean {
  const { maxConnections, targetConnections, freePlaces } = capacity;
  const target = targetConnections ?? maxConnections;
  return (takers - 1) * maxConnections >= clients + freePlaces && takers * target * ABOVE_TARGET >= clients;
}

/** Clients of `pods`. One that does not say may be full. */
export function clientsOf(pods: readonly FleetPod[], { maxConnections }: FleetSettings['capacity']): number {
  return pods.reduce((sum, pod) => sum + (pod.connections ?? maxConnections), 0);
}

/**
 * Whether of `needed` gateways enough take clients for `clients` to be moved to them: all of them, or most of them with room.
 * @param begun whether some are on their way already
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

/** Whether most of `pods` say what they hold: what is decided on a mean needs no more. */
export function mostReported(said: number, all: number, begun: boolean): boolean {
  return said >= fewest(all, begun);
}

/** Whether too few have been taking clients for so long that what goes on is given up. */
export function isShortTooLong({ shortSince, now }: Pick<FleetInput, 'shortSince' | 'now'>): boolean {
  return shortSince !== undefined && now - shortSince >= PATIENCE_MS;
}

export function takersOf(pods: readonly FleetPod[]): number {
  return pods.filter(takesClients).length;
}
