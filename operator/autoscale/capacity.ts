import type { AutoscalingSpec } from '../api/chat-cluster.ts';
import type { Observation } from './history.ts';
import { median } from './median.ts';
import type { FleetLoad } from './sample.ts';
import { RESOURCES, type Resource, type Share } from './share.ts';

/** Connections one gateway can carry. */
export interface Capacity {
  readonly connections: number;
  /** What it is short of first. */
  readonly from: Resource | 'maxConnections';
  readonly share: Share;
}

type Targets = Pick<
  AutoscalingSpec,
  'targetCpuPercent' | 'targetDeliveriesPerSecond' | 'targetEventLoopLagMilliseconds'
>;

/** How many gateways each target asks for by what is measured now. */
export function gatewaysBy(load: FleetLoad, targets: Targets): Share {
  return {
    cpu: (load.cpu * 100) / targets.targetCpuPercent,
    deliveries: load.deliveriesPerSecond / targets.targetDeliveriesPerSecond,
    eventLoopLag: (load.meanLagMs * load.ready) / targets.targetEventLoopLagMilliseconds,
  };
}

/** Below this part of its target a gateway is mostly busy with itself, which says nothing of connections. */
const LEAST_USED = 0.25;

/**
 * What one connection takes up at the load of the moment.
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
 * Looks that are compared, the last that told something: a storm of reconnects, whose sign-ins cost more than the connections,
 * is shorter than half of them.
 */
export const LEARN_MS = 60_000;
/** Sums of shares are off by a bit in the last place. */
const ROUNDING = 1e-6;
/** Connections are not taken to cost the same beyond this many times as many as gateways had. */
const FORESIGHT = 2;

interface Look {
  readonly share: Share;
  /** Connections of a gateway. */
  readonly connections: number;
  readonly length: number;
}

/** The last looks that told what a connection takes up, of {@link LEARN_MS} together. */
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
 * What a gateway can carry, learned from what one connection took up in the last minute in which gateways had something to do:
 * the median, as single looks are full of chance.
 * @returns undefined while nothing was learned: gateways do next to nothing, or have not been looked at
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
  // Looks that did not hear everyone say what a connection costs, but not how many there were.
  const most = busiest > 0 ? FORESIGHT * busiest : Number.POSITIVE_INFINITY;
  const foreseen = Math.max(1, Math.min(1 / share[from], most));
  return foreseen < maxConnections
    ? { connections: Math.floor(foreseen + ROUNDING), from, share }
    : { connections: maxConnections, from: 'maxConnections', share };
}
