import { clientsOf } from './capacity.ts';
import { longestSeconds } from './closing.ts';
import type { FleetInput, FleetPod, FleetSettings } from './fleet.ts';
import { OUT_MS } from './removed-targets.ts';

/** Gateways that a scale-down has chosen, as far as they hold clients. */
export interface Leaving {
  readonly clients: number;
  /** Milliseconds for which the first of them has been out of the endpoints. */
  readonly outMs: number;
}

/**
 * Whether gateways that take no new clients may keep theirs for a while longer, so that sessions end by themselves, and a scale-up
 * finds everybody still there. Where clients need more than {@link OUT_MS} to leave it is shorter by that: all are gone in
 * time before load balancers close what is left. See decision 0036.
 */
export function mayWait({ clients, outMs }: Leaving, drain: FleetSettings['drain']): boolean {
  const { patienceSeconds, reconnectsPerSecond, timeoutSeconds } = drain;
  const leaveMs = longestSeconds(Math.max(timeoutSeconds, clients / reconnectsPerSecond)) * 1_000;
  return outMs + Math.max(0, leaveMs - OUT_MS) < patienceSeconds * 1_000;
}

/** Whether `victims` keep the clients they have for now: none of them has begun to close, and the first to leave may wait. */
export function keepTheirClients(victims: readonly FleetPod[], { now, settings }: FleetInput): boolean {
  const holding = victims.filter(({ connections }) => connections !== 0);
  if (holding.length === 0 || victims.some(({ intent }) => intent?.keep === 0)) return false;
  const outMs = now - Math.min(...holding.map(({ unofferedSince = now }) => unofferedSince));
  return mayWait({ clients: clientsOf(holding, settings.capacity), outMs }, settings.drain);
}
