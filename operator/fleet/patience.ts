import { clientsOf } from './capacity.ts';
import { longestSeconds } from './closing.ts';
import type { FleetInput, FleetPod, FleetSettings } from './fleet.ts';
import { OUT_MS } from './removed-targets.ts';

/** Victims of a scale-down that have clients. */
export interface Leaving {
  /** Clients of all of them. */
  readonly clients: number;
  /** Milliseconds for which the first of them has been out of the endpoints. */
  readonly outMs: number;
}

/**
 * True if gateways without new clients may keep theirs a while longer, so that sessions end by themselves, and a scale-up
 * finds all clients still there. The time is shorter if emptying takes longer than {@link OUT_MS}, so that all clients
 * leave before load balancers close their connections. See decision 0036.
 */
export function mayWait({ clients, outMs }: Leaving, drain: FleetSettings['drain']): boolean {
  const { patienceSeconds, reconnectsPerSecond, timeoutSeconds } = drain;
  const leaveMs = longestSeconds(Math.max(timeoutSeconds, clients / reconnectsPerSecond)) * 1_000;
  return outMs + Math.max(0, leaveMs - OUT_MS) < patienceSeconds * 1_000;
}

/**
 * True if `victims` keep their clients for now: none has begun to close connections, and the time of the first is not over.
 */
export function keepTheirClients(victims: readonly FleetPod[], { now, settings }: FleetInput): boolean {
  const holding = victims.filter(({ connections }) => connections !== 0);
  if (holding.length === 0 || victims.some(({ intent }) => intent?.keep === 0)) return false;
  const outMs = now - Math.min(...holding.map(({ unofferedSince = now }) => unofferedSince));
  return mayWait({ clients: clientsOf(holding, settings.capacity), outMs }, settings.drain);
}
