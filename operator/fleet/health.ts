import type { GatewayLoad } from '../../server/contract/load.ts';
import type { Condition } from '../api/kube-object.ts';

/** Bounds within which a new revision counts as healthy. */
export interface HealthBounds {
  readonly maxErrorPercent: number;
  readonly maxPublishMilliseconds: number;
  readonly maxEventLoopLagMilliseconds: number;
}

/**
 * Failures per second, over all gateways of a revision, below which single clients are to blame rather than the revision.
 */
const MIN_ERRORS_PER_SECOND = 0.5;
/** Factor by which the new revision must be worse than the old one. A problem of both is not caused by the rollout. */
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
 * Reason why the gateways of the new revision are worse than those of the old one; empty when they are not.
 * @param fresh loads of gateways of the new revision
 * @param old loads of gateways of old revisions
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
/**
 * Time after an outage in which its effects still show, in milliseconds: longer than gateways average their rates, and than
 * clients take to reconnect.
 */
const ECHO_MS = 15_000;

/**
 * True if failures may come from an outage of NATS or MongoDB, now or a moment ago. Such failures say nothing about a
 * revision, even if only the new one has clients that notice. An operator that has just started assumes an outage.
 * @param conditions current conditions of the ChatCluster
 * @param since time at which this operator first saw a condition with its status
 */
export function isBackendToBlame(
  conditions: readonly Condition[],
  since: (type: string, status: string) => number,
  now: number,
): boolean {
  // `since` is called for each condition, because it forgets conditions it is not called for.
  const backends = conditions.filter(({ type }) => BACKENDS.has(type));
  const recent = backends.map(({ type, status }) => now - since(type, status) < ECHO_MS || status === 'False');
  return recent.includes(true);
}
