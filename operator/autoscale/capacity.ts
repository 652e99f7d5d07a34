import type { AutoscalingSpec } from '../api/chat-cluster.ts';
import type { Observation } from './history.ts';
import { median } from './median.ts';
import type { FleetLoad } from './sample.ts';
import { RESOURCES, type Resource, type Share } from './share.ts';

/** Connections that one gateway can carry. */
export interface Capacity {
  readonly connections: number;
  /** Resource that runs out first. */
  readonly from: Resource | 'maxConnections';
  readonly share: Share;
}

type Targets = Pick<
  AutoscalingSpec,
  'targetCpuPercent' | 'targetDeliveriesPerSecond' | 'targetEventLoopLagMilliseconds'
>;

/** Gateways that each target asks for, from what is measured now; fractions. */
export function gatewaysBy(load: FleetLoad, targets: Targets): Share {
  return {
    cpu: (load.cpu * 100) / targets.targetCpuPercent,
    deliveries: load.deliveriesPerSecond / targets.targetDeliveriesPerSecond,
    eventLoopLag: (load.meanLagMs * load.ready) / targets.targetEventLoopLagMilliseconds,
  };
}

/**
 * Share of its target below which a gateway is mostly busy with itself, so that its load says nothing about connections.
 */
const LEAST_USED = 0.25;

/**
 * Cost of one connection at the load of the moment.
 * @returns undefined while gateways do next to nothing
 */
export function shareOf(load: FleetLoad, targets: Targets): Share | undefined {
  const gateways = gatewaysBy(load, targets);
  if (load.connections === 0 || Math.max(...Object.values(gateways)) < load.ready * LEAST_USED) return undefined;
  const { cpu, deliveries, eventLoopLag } = gateways;
  const by = (value: number) => value / load.connections;
  return { cpu: by(cpu), deliveries: by(deliveries), eventLoopLag: by(eventLoopLag) };
}

/**
 * Duration of the looks that are compared, in milliseconds. A storm of reconnects, whose sign-ins cost more than the
 * connections, is shorter than half of them.
 */
export const LEARN_MS = 60_000;
/** Tolerance for rounding errors in sums of shares. */
const ROUNDING = 1e-6;
/** Factor up to which the cost of a connection is extrapolated beyond the most connections a gateway had. */
const FORESIGHT = 2;

interface Look {
  readonly share: Share;
  /** Connections of one gateway, on average. */
  readonly connections: number;
  readonly length: number;
}

/** Last looks that show the cost of a connection, {@link LEARN_MS} of them in all. */
function lastLooks(history: readonly Observation[]): Look[] {
  const looks: Look[] = [];
  let left = LEARN_MS;
  for (let index = history.length - 1; index >= 0 && left > 0; index--) {
    const { at, share, current, connections = 0 } = history[index] as Observation;
    const length = Math.min(left, at - (history[index - 1]?.at ?? at - 1));
    if (!share) continue;
    looks.push({ share, length, connections: connections / Math.max(1, current) });
    left -= length;
  }
  return looks;
}

/**
 * Capacity of a gateway, learned from the cost of a connection in the last minute with some load. It is the median, because
 * single looks vary at random.
 * @returns undefined while nothing is learned: gateways do next to nothing, or were not asked yet
 */
export function capacityOf(history: readonly Observation[], maxConnections: number): Capacity | undefined {
  const looks = lastLooks(history);
  if (looks.length === 0) return undefined;
  const middle = (of: Resource) => median(looks.map(({ share, length }) => ({ value: share[of], length }))) ?? 0;
  const share: Share = {
    cpu: middle('cpu'),
    deliveries: middle('deliveries'),
    eventLoopLag: middle('eventLoopLag'),
  };
  const from = RESOURCES.reduce((most, each) => (share[each] > share[most] ? each : most));
  const busiest = Math.max(...looks.map(look => look.connections));
  // Looks without answers of all gateways show the cost of a connection, but not the number of connections.
  const most = busiest > 0 ? FORESIGHT * busiest : Number.POSITIVE_INFINITY;
  const foreseen = Math.max(1, Math.min(1 / share[from], most));
  return foreseen < maxConnections
    ? { connections: Math.floor(foreseen + ROUNDING), from, share }
    : { connections: maxConnections, from: 'maxConnections', share };
}
