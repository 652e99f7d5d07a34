import type { AutoscalingSpec } from '../api/chat-cluster.ts';
import { type Capacity, gatewaysBy } from './capacity.ts';
import type { FleetLoad } from './sample.ts';
import type { Resource } from './share.ts';

/** Targets of the autoscaler. Of equally high ones the first is named. */
export const TARGETS = [
  'connections',
  'deliveries',
  'eventLoopLag',
  'cpu',
  'freeSlots',
  'lossOfOne',
  'features',
] as const;
export type Target = (typeof TARGETS)[number];

/** Number of gateways that one target asks for. */
export interface Ask {
  readonly target: Target;
  readonly gateways: number;
  /** Numbers behind it, in words. */
  readonly text: string;
}

export interface AskInput {
  readonly spec: AutoscalingSpec;
  /** Value of `limits.maxConnections`; a gateway refuses more. */
  readonly maxConnections: number;
  readonly current: number;
  readonly load: FleetLoad;
  /** Capacity of a gateway as learned; undefined while nothing is learned. */
  readonly capacity: Capacity | undefined;
}

// A formatter for each number would take most of the time of a decision.
const FORMATS = [0, 1].map(digits => new Intl.NumberFormat('en', { maximumFractionDigits: digits }));
const number = (value: number, digits: 0 | 1 = 0) => (FORMATS[digits] as Intl.NumberFormat).format(value);
/** Number and noun, such as `1 gateway` or `1,200 gateways`. */
export const plural = (count: number, noun: string) => `${number(count)} ${noun}${count === 1 ? '' : 's'}`;

/** Rounds up, but not for a rounding error in a sum of shares. */
const roundUp = (gateways: number) => Math.ceil(gateways - 1e-9);

/** Free places that `freeSlots` asks for. */
export function freePlaces(freeSlots: number | string, connections: number): number {
  const text = String(freeSlots);
  const value = Number.parseInt(text, 10);
  return text.endsWith('%') ? Math.ceil((connections * value) / 100) : value;
}

const RESOURCE_WORDS: Readonly<Record<Capacity['from'], string>> = {
  cpu: 'CPU',
  deliveries: 'deliveries',
  eventLoopLag: 'event loop lag',
  maxConnections: 'limits.maxConnections',
};

/** Connections one gateway should have, as a number and in words; undefined while it is neither declared nor learned. */
function perGateway({ spec, capacity }: AskInput): { readonly connections: number; readonly text: string } | undefined {
  const { targetConnections: target } = spec;
  if (target !== undefined) return { connections: target, text: `at ${number(target)} a gateway` };
  if (!capacity) return undefined;
  const { connections, from } = capacity;
  return { connections, text: `at ${number(connections)} a gateway, learned from ${RESOURCE_WORDS[from]}` };
}

/**
 * Tolerance as HPA has it: the size stays while the ratio is about 1. A step down leaves the reserve that a step up would
 * have.
 */
function tolerant({ spec, current }: AskInput, gateways: number): number {
  const { scaleUp, scaleDown } = spec.behavior;
  const reserve = 1 + scaleUp.tolerancePercent / 100;
  if (gateways > current) return gateways <= current * reserve ? current : roundUp(gateways);
  const down = current * (1 - scaleDown.tolerancePercent / 100);
  return gateways >= down ? current : Math.min(current, roundUp(gateways * reserve));
}

/**
 * Gateways asked for by resource use. With a declared `targetConnections` the current use counts. With a learned capacity
 * the cost of the connections in the last minute counts instead, so that sign-ins after a storm add no gateways.
 */
function busy(input: AskInput): Readonly<Record<Resource, number>> {
  const { spec, load, capacity } = input;
  if (spec.targetConnections !== undefined || !capacity) return gatewaysBy(load, spec);
  const { cpu, deliveries, eventLoopLag } = capacity.share;
  const all = (share: number) => share * load.connections;
  return { cpu: all(cpu), deliveries: all(deliveries), eventLoopLag: all(eventLoopLag) };
}

/** Gateways needed when one is lost: for the connections, and with a learned capacity also for their CPU cost. */
function fewest(input: AskInput): number {
  const { spec, load, capacity, maxConnections } = input;
  const places = Math.ceil(load.connections / maxConnections);
  if (spec.targetConnections !== undefined || !capacity) return places;
  return Math.max(places, roundUp((capacity.share.cpu * load.connections * spec.targetCpuPercent) / 100));
}

/** Words for {@link FleetLoad.overloaded}. A target of its own, since what is left out lowers the load that the others see. */
const overloadedText = (gateways: number) => `${plural(gateways, 'overloaded gateway')} that leave out features`;

/** Gateways each target asks for, before the bounds. */
export function asks(input: AskInput): Ask[] {
  const { spec, maxConnections, load } = input;
  const { connections } = load;
  const soft = (target: Target, gateways: number, text: string): Ask => ({
    target,
    gateways: tolerant(input, gateways),
    text,
  });
  const firm = (target: Target, gateways: number, text: string): Ask => ({ target, gateways, text });

  const connectionsText = plural(connections, 'connection');
  const each = perGateway(input);
  const atMost = `at most ${number(maxConnections)} a gateway`;
  const free = freePlaces(spec.freeSlots, connections);
  const full = fewest(input);
  const fits = Math.min(maxConnections, each?.connections ?? maxConnections);
  // With minReplicas 1, the loss of the only gateway is accepted.
  const single = spec.minReplicas === 1 && connections + free <= fits;
  const by = busy(input);
  return [
    ...(each ? [soft('connections', connections / each.connections, `${connectionsText} ${each.text}`)] : []),
    soft(
      'deliveries',
      by.deliveries,
      `${number(load.deliveriesPerSecond)} deliveries a second at ${number(spec.targetDeliveriesPerSecond)} a gateway`,
    ),
    soft(
      'eventLoopLag',
      by.eventLoopLag,
      `event loops late by ${number(load.meanLagMs, 1)} ms on average, the target is ${spec.targetEventLoopLagMilliseconds} ms`,
    ),
    soft(
      'cpu',
      by.cpu,
      `${number(load.meanCpu * 100)} % of a core used on average, the target is ${spec.targetCpuPercent} %`,
    ),
    firm(
      'freeSlots',
      Math.ceil((connections + free) / maxConnections),
      `${connectionsText} and ${number(free)} free places, ${atMost}`,
    ),
    firm(
      'lossOfOne',
      connections === 0 || single ? full : full + 1,
      `${connectionsText} that must fit without one of the gateways, ${atMost}`,
    ),
    ...(load.overloaded > 0 ? [firm('features', load.ready + 1, overloadedText(load.overloaded))] : []),
  ];
}

/** Target that asks for the most gateways. */
export function highest(all: readonly Ask[]): Ask | undefined {
  return all.reduce<Ask | undefined>((most, ask) => (!most || ask.gateways > most.gateways ? ask : most), undefined);
}
