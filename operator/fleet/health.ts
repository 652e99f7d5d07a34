import type { GatewayLoad } from '../../server/contract/load.ts';
import type { Condition } from '../api/kube-object.ts';

export interface HealthBounds {
  readonly maxErrorPercent: number;
  readonly maxPublishMilliseconds: number;
  readonly maxEventLoopLagMilliseconds: number;
}

/** Fewer failures a second than this, over all gateways of a revision, are single clients, not a revision. */
const MIN_ERRORS_PER_SECOND = 0.5;
/** How much worse than the old revision the new one has to be: what ails both is not the rollout. */
const FACTOR = 2;

const sum = (loads: readonly GatewayLoad[], of: (load: GatewayLoad) => number) =>
  loads.reduce((total, load) => total + of(load), 0);
const mean = (loads: readonly GatewayLoad[], of: (load: GatewayLoad) => number) =>
  loads.length === 0 ? 0 : sum(loads, of) / loads.length;

function errorPercent(loads: readonly GatewayLoad[]): number {
  const commands = sum(loads, load => load.commandsPerSecond);
  return commands === 0 ? 0 : (100 * sum(loads, load => load.errorsPerSecond)) / commands;
}

/**
 * Why the gateways clients are being moved to are worse than those they come from; empty when they are not.
 * @param fresh what gateways of the new revision say @param old what those of the old ones say
 */
export function whyUnhealthy(fresh: readonly GatewayLoad[], old: readonly GatewayLoad[], bounds: HealthBounds): string {
  const worse = (now: number, before: number, bound: number) => now > bound && now > before * FACTOR;
  const errors = errorPercent(fresh);
  if (
    sum(fresh, load => load.errorsPerSecond) >= MIN_ERRORS_PER_SECOND &&
    worse(errors, errorPercent(old), bounds.maxErrorPercent)
  )
    return `more than ${bounds.maxErrorPercent} % of commands and sign-ins fail at the new revision`;
  const publishing = (loads: readonly GatewayLoad[]) => loads.filter(load => load.publishMs > 0);
  const publish = (loads: readonly GatewayLoad[]) => mean(publishing(loads), load => load.publishMs);
  if (worse(publish(fresh), publish(old), bounds.maxPublishMilliseconds))
    return `a publish takes more than ${bounds.maxPublishMilliseconds} ms at the new revision`;
  const lag = (loads: readonly GatewayLoad[]) => mean(loads, load => load.eventLoopLagMs);
  if (worse(lag(fresh), lag(old), bounds.maxEventLoopLagMilliseconds))
    return `the event loop of the new revision lags more than ${bounds.maxEventLoopLagMilliseconds} ms`;
  return '';
}

const BACKENDS: ReadonlySet<string> = new Set(['MessagingReachable', 'StoreReachable']);
/** Longer than gateways average their rates over, and than it takes clients to be in again. */
const ECHO_MS = 15_000;

/**
 * Whether what fails now may come from NATS or MongoDB being away, or having been away a moment ago: that says nothing of a
 * revision, also where only the new one has clients who could tell. For an operator that has just begun they may have been.
 * @param conditions of the ChatCluster, as they stand @param since when this operator first saw a condition in its status
 */
export function isBackendToBlame(
  conditions: readonly Condition[],
  since: (type: string, status: string) => number,
  now: number,
): boolean {
  // Each is asked for, as what is not asked for is forgotten.
  const backends = conditions.filter(({ type }) => BACKENDS.has(type));
  const recent = backends.map(({ type, status }) => now - since(type, status) < ECHO_MS || status === 'False');
  return recent.includes(true);
}
