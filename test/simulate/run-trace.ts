import type { AutoscalingSpec } from '../../operator/api/chat-cluster.ts';
import { stored } from '../support/crd-schema.ts';
import type { AutoscalingChange } from './autoscaling-spec.ts';
import { Builtin, PlainHpa, type Scaler } from './scalers.ts';
import type { Trace } from './trace.ts';
import { World, type WorldOptions } from './world.ts';

/** What a trace did to a fleet. Lower is better in all of them. */
export interface Measures {
  /** Hours of gateways above what the clients of the moment asked for. */
  readonly overHours: number;
  /** Client-seconds above the target of all ready gateways. */
  readonly aboveTarget: number;
  /** Client-seconds above what all ready gateways accept at most. */
  readonly aboveLimit: number;
  /** Connects that found their gateway full, or none ready. */
  readonly refused: number;
  /** Changes of the size. */
  readonly steps: number;
  /** Clients that had to reconnect because their gateway was removed. */
  readonly moves: number;
}

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
  readonly drain: {
    readonly delaySeconds: number;
    readonly timeoutSeconds: number;
    readonly reconnectsPerSecond: number;
  };
}

/** From a pod's creation to its readiness: image there, node there. */
export const START_SECONDS = 30;
export const MAX_REPLICAS = 30;

/** The schema's defaults, but for 30 gateways at most. */
export function setting(change: AutoscalingChange = {}): Setting {
  const autoscaling = { mode: 'Builtin', maxReplicas: MAX_REPLICAS, ...change };
  const { gateway, limits } = stored({ gateway: { autoscaling } }).spec;
  return { spec: gateway.autoscaling, limits, drain: gateway.drain };
}

function worldOptions({ limits, drain }: Setting, trace: Trace, scaleDown: WorldOptions['scaleDown']): WorldOptions {
  const { sessionSeconds } = trace;
  const { maxConnections, connectsPerSecond } = limits;
  const times = { startSeconds: START_SECONDS, drainDelaySeconds: drain.delaySeconds };
  return { ...times, maxConnections, connectsPerSecond, scaleDown, sessionSeconds };
}

/** The trace under the operator's autoscaler, whose scale-downs are drained. */
export function runBuiltin(trace: Trace, given = setting()): Run & { readonly scaler: Builtin } {
  const scaler = new Builtin(given.spec, given.limits.maxConnections);
  const scaleDown = { how: 'drained', perSecond: given.drain.reconnectsPerSecond } as const;
  return { ...run(trace, given, worldOptions(given, trace, scaleDown), scaler), scaler };
}

/** The same under a plain HorizontalPodAutoscaler on a plain Deployment. */
export function runHpa(trace: Trace, given = setting()): Run {
  const scaleDown = { how: 'deleted', seconds: given.drain.timeoutSeconds } as const;
  return run(trace, given, worldOptions(given, trace, scaleDown), new PlainHpa(given.spec));
}

function run(trace: Trace, { spec, limits }: Setting, options: WorldOptions, scaler: Scaler): Run {
  const world = new World(options, trace.gateways, Math.round(trace.demand(0)));
  const points: Point[] = [];
  let overSeconds = 0;
  let aboveTarget = 0;
  let aboveLimit = 0;
  let steps = 0;
  while (world.second < trace.seconds) {
    const demand = trace.demand(world.second + 1);
    for (const incident of trace.incidents)
      if (incident.second === world.second) incident.what === 'cut' ? world.cut() : world.kill(incident.what);
    world.step(demand);
    if (world.second % scaler.everySeconds === 0) {
      const size = scaler.look(world);
      if (size !== world.size) steps++;
      world.setSize(size);
    }
    const needed = Math.min(spec.maxReplicas, Math.max(spec.minReplicas, Math.ceil(demand / spec.targetConnections)));
    const alive = world.gateways.filter(gateway => gateway.state !== 'dead').length;
    const ready = world.ready().length;
    overSeconds += Math.max(0, alive - needed);
    aboveTarget += Math.max(0, demand - ready * spec.targetConnections);
    aboveLimit += Math.max(0, demand - ready * limits.maxConnections);
    if (world.second % 5 === 0) points.push({ second: world.second, demand, size: world.size });
  }
  const { refused, moves } = world;
  const measures = { overHours: overSeconds / 3_600, aboveTarget, aboveLimit, refused, steps, moves };
  return { measures, points };
}
