import type { AutoscalingSpec, ChatClusterSpec } from '../../operator/api/chat-cluster.ts';
import { stored } from '../support/crd-schema.ts';
import type { AutoscalingChange } from './autoscaling-spec.ts';
import { coresOf, lagOf } from './cost.ts';
import { Builtin, PlainHpa, type Scaler } from './scalers.ts';
import type { Trace } from './trace.ts';
import { World, type WorldOptions } from './world.ts';

/** Results of a trace on a fleet. Lower is better in all of them. */
export interface Measures {
  /** Hours of gateways, from the creation of the pod on. */
  readonly hours: number;
  /** Client-seconds above {@link YARDSTICK} for each ready gateway. */
  readonly aboveTarget: number;
  /** Client-seconds on gateways whose event loop is late by more than {@link LATE_MS}. */
  readonly late: number;
  /** Connects that found their gateway full, or none ready. */
  readonly refused: number;
  /** Changes of the size. */
  readonly steps: number;
  /** Clients that had to reconnect because their gateway was removed. */
  readonly moves: number;
  /** Clients that had to reconnect because their gateway was far above the mean. */
  readonly rebalanced: number;
}

/** Connections of a gateway from which on a client counts as above the target, whatever the target of the scaler is. */
export const YARDSTICK = 5_000;
const LATE_MS = 100;

export interface Point {
  readonly second: number;
  readonly demand: number;
  readonly size: number;
}

export interface Run {
  readonly measures: Measures;
  /** One for each 5 s. */
  readonly points: readonly Point[];
}

export interface Setting {
  readonly spec: AutoscalingSpec;
  readonly limits: { readonly maxConnections: number; readonly connectsPerSecond: number };
  readonly drain: ChatClusterSpec['gateway']['drain'];
  readonly rebalance: ChatClusterSpec['gateway']['rebalance'];
  /** Seconds from a pod's creation to its readiness. */
  readonly startSeconds: number;
  /** Share of the operator's polls that bring no answer. */
  readonly lost: number;
}

export const MAX_REPLICAS = 30;
/** Image there, node there. */
export const START_SECONDS = 30;
/** Seconds to readiness with a new node and an image to pull. */
export const SLOW_START_SECONDS = 180;
/** One of a hundred. */
export const LOST = 0.01;

/** The schema's defaults, but for 30 gateways at most. */
export function setting(change: AutoscalingChange = {}, startSeconds = START_SECONDS, lost = LOST): Setting {
  const autoscaling = { mode: 'Builtin', maxReplicas: MAX_REPLICAS, ...change };
  const { gateway, limits } = stored({ gateway: { autoscaling } }).spec;
  const { drain, rebalance } = gateway;
  return { spec: gateway.autoscaling, limits, drain, rebalance, startSeconds, lost };
}

function worldOptions(
  { limits, drain, startSeconds }: Setting,
  trace: Trace,
  scaleDown: WorldOptions['scaleDown'],
): WorldOptions {
  const { sessionSeconds } = trace;
  const { maxConnections, connectsPerSecond } = limits;
  return { startSeconds, drain, maxConnections, connectsPerSecond, scaleDown, sessionSeconds };
}

/** The trace under the operator's autoscaler, whose scale-downs are drained, and with rebalancing. */
export function runBuiltin(trace: Trace, given = setting()): Run & { readonly scaler: Builtin } {
  const { spec, lost, rebalance, drain } = given;
  const scaler = new Builtin({ spec, lost, maxConnections: given.limits.maxConnections });
  const scaleDown = { how: 'drained' } as const;
  const options = {
    ...worldOptions(given, trace, scaleDown),
    rebalance: { ...rebalance, delaySeconds: drain.delaySeconds },
  };
  return { ...run(trace, options, scaler), scaler };
}

/** The same under a plain HorizontalPodAutoscaler on a plain Deployment. @param targetAverage connections of a pod */
export function runHpa(trace: Trace, targetAverage: number, given = setting()): Run {
  const scaleDown = { how: 'deleted', seconds: given.drain.timeoutSeconds } as const;
  const { minReplicas, maxReplicas } = given.spec;
  const scaler = new PlainHpa({ minReplicas, maxReplicas, targetAverage });
  return run(trace, worldOptions(given, trace, scaleDown), scaler);
}

function run(trace: Trace, options: WorldOptions, scaler: Scaler): Run {
  const world = new World(options, trace.gateways, Math.round(trace.demand(0)));
  const points: Point[] = [];
  let seconds = 0;
  let aboveTarget = 0;
  let late = 0;
  let steps = 0;
  while (world.second < trace.seconds) {
    const demand = trace.demand(world.second + 1);
    const deliveries = trace.deliveries(world.second + 1);
    for (const incident of trace.incidents)
      if (incident.second === world.second) incident.what === 'cut' ? world.cut() : world.kill(incident.what);
    world.step(demand);
    if (world.second % scaler.everySeconds === 0) {
      const size = scaler.look(world, deliveries);
      if (size !== world.size) steps++;
      world.setSize(size);
    }
    seconds += world.gateways.filter(gateway => gateway.state !== 'dead').length;
    aboveTarget += Math.max(0, demand - world.ready().length * YARDSTICK);
    for (const gateway of world.gateways)
      if (lagOf(coresOf(gateway, deliveries)) > LATE_MS) late += gateway.connections;
    if (world.second % 5 === 0) points.push({ second: world.second, demand, size: world.size });
  }
  const { refused, moves, rebalanced } = world;
  return { measures: { hours: seconds / 3_600, aboveTarget, late, refused, steps, moves, rebalanced }, points };
}
