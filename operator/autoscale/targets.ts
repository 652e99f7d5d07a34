import type { AutoscalingSpec } from '../api/chat-cluster.ts';
import type { FleetLoad } from './sample.ts';

/** What may ask for gateways, in the order in which equal ones are named. */
export const TARGETS = [
  'connections',
  'deliveries',
  'eventLoopLag',
  'cpu',
  /** Connections climb, and this is what there will be when a new gateway is ready. */
  'climb',
  'freeSlots',
  'lossOfOne',
] as const;
export type Target = (typeof TARGETS)[number];

/** What one target asks for. */
export interface Ask {
  readonly target: Target;
  readonly gateways: number;
  /** Its numbers in words. */
  readonly text: string;
}

export interface AskInput {
  readonly spec: AutoscalingSpec;
  /** `limits.maxConnections`: more are refused. */
  readonly maxConnections: number;
  readonly current: number;
  readonly load: FleetLoad;
  /** How fast connections climb. */
  readonly perSecond: number;
  /** Connections expected when a new gateway is ready. */
  readonly soon: number;
}

// Making one for each number would take most of the time of a decision.
const FORMATS = [0, 1].map(digits => new Intl.NumberFormat('en', { maximumFractionDigits: digits }));
const number = (value: number, digits: 0 | 1 = 0) => (FORMATS[digits] as Intl.NumberFormat).format(value);
export const plural = (count: number, noun: string) => `${number(count)} ${noun}${count === 1 ? '' : 's'}`;

/** Sums of shares are off by a bit in the last place, which is no reason for a gateway. */
const roundUp = (gateways: number) => Math.ceil(gateways - 1e-9);

/** Places that `freeSlots` asks for. */
export function freePlaces(freeSlots: number | string, connections: number): number {
  const text = String(freeSlots);
  const value = Number.parseInt(text, 10);
  return text.endsWith('%') ? Math.ceil((connections * value) / 100) : value;
}

/** All targets with what they ask for, before the bounds. */
export function asks({ spec, maxConnections, current, load, perSecond, soon }: AskInput): Ask[] {
  const { scaleUp, scaleDown } = spec.behavior;
  const { connections } = load;
  const room = 1 + scaleUp.tolerancePercent / 100;
  /** HPA's rule: the size is kept while the ratio is about 1. A step down leaves the room that a step up would have. */
  const tolerant = (gateways: number) => {
    if (gateways > current) return gateways <= current * room ? current : roundUp(gateways);
    const down = current * (1 - scaleDown.tolerancePercent / 100);
    return gateways >= down ? current : Math.min(current, roundUp(gateways * room));
  };
  const soft = (target: Target, gateways: number, text: string): Ask => ({
    target,
    gateways: tolerant(gateways),
    text,
  });
  const firm = (target: Target, gateways: number, text: string): Ask => ({ target, gateways, text });

  const held = plural(connections, 'connection');
  const each = `at ${number(spec.targetConnections)} a gateway`;
  const atMost = `at most ${number(maxConnections)} a gateway`;
  const free = freePlaces(spec.freeSlots, connections);
  const full = Math.ceil(connections / maxConnections);
  // Who allows a single gateway has accepted its loss.
  const single = spec.minReplicas === 1 && connections + free <= Math.min(maxConnections, spec.targetConnections);
  return [
    soft('connections', connections / spec.targetConnections, `${held} ${each}`),
    soft(
      'deliveries',
      load.deliveriesPerSecond / spec.targetDeliveriesPerSecond,
      `${number(load.deliveriesPerSecond)} deliveries a second at ${number(spec.targetDeliveriesPerSecond)} a gateway`,
    ),
    soft(
      'eventLoopLag',
      (load.meanLagMs * load.ready) / spec.targetEventLoopLagMilliseconds,
      `event loops late by ${number(load.meanLagMs, 1)} ms on average, the target is ${spec.targetEventLoopLagMilliseconds} ms`,
    ),
    soft(
      'cpu',
      (load.cpu * 100) / spec.targetCpuPercent,
      `${number(load.meanCpu * 100)} % of a core used on average, the target is ${spec.targetCpuPercent} %`,
    ),
    ...(soon > connections
      ? [
          soft(
            'climb',
            soon / spec.targetConnections,
            `${held}, ${number(perSecond, 1)} more a second, ${number(soon)} in ${spec.leadSeconds} s ${each}`,
          ),
        ]
      : []),
    firm(
      'freeSlots',
      Math.ceil((connections + free) / maxConnections),
      `${held} and ${number(free)} free places, ${atMost}`,
    ),
    firm(
      'lossOfOne',
      connections === 0 || single ? full : full + 1,
      `${held} that must fit without one of the gateways, ${atMost}`,
    ),
  ];
}

/** The target that asks for most. */
export function highest(all: readonly Ask[]): Ask | undefined {
  return all.reduce<Ask | undefined>((most, ask) => (!most || ask.gateways > most.gateways ? ask : most), undefined);
}
