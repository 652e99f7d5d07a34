import type { AutoscalingSpec } from '../api/chat-cluster.ts';
import { HIBERNATE_ANNOTATION } from '../desired/names.ts';
import { someOf } from '../process/some-of.ts';
import {
  downWindowMs,
  fewestAllowed,
  fewestWanted,
  flapMs,
  longestPeriodMs,
  longestWindowMs,
  mostAllowed,
  mostWanted,
} from './behavior.ts';
import { type Capacity, capacityOf, LEARN_MS, shareOf } from './capacity.ts';
import { collapseHold, hasFallen } from './collapse.ts';
import { covers, type Observation, remember, usable, within } from './history.ts';
import { type FleetLoad, fleetLoad, type GatewaySample } from './sample.ts';
import { type Ask, asks, highest, plural, type Target } from './targets.ts';

/** Directions in which a scaling hold keeps the size. */
export type Hold = 'None' | 'ScaleIn' | 'ScaleOut' | 'All';

export interface ScaleInput {
  readonly spec: AutoscalingSpec;
  /** Value of `gateway.replicas`, which decides unless the mode is Builtin. */
  readonly replicas: number;
  /** `limits.maxConnections` */
  readonly maxConnections: number;
  /** Current size: gateways that there should be now, without those being drained. */
  readonly current: number;
  /** Samples of all running gateways; undefined while they have not been asked since the operator started. */
  readonly samples: readonly GatewaySample[] | undefined;
  readonly held: Hold;
  /** Reason of the hold, in words; empty for None. */
  readonly why: string;
  /** Reason why Kubernetes creates no further pods, in words; missing when it does. */
  readonly refused?: string | undefined;
  /** Milliseconds that never run backwards. */
  readonly now: number;
  /** {@link Decision.history} of the last decision; empty after a start of the operator. */
  readonly history: readonly Observation[];
}

export type ScaleReason =
  | 'ScaledUp'
  | 'ScaledDown'
  | 'Steady'
  /** Another size is wanted, but not for the whole window yet. */
  | 'WindowOpen'
  /** `behavior` allows no step in this direction now. */
  | 'RateLimited'
  /** `selectPolicy: Disabled` */
  | 'DirectionDisabled'
  /** The total of connections fell so far that the clients are expected back. */
  | 'Collapsed'
  | 'Held'
  | 'NotAskedYet'
  | 'NoGatewayReady'
  /** The load of a gateway is unknown. */
  | 'LoadUnknown'
  /** More than `maxReplicas` would be needed. */
  | 'AtMaximum'
  /** More gateways are wanted, and Kubernetes creates none, for example because of a quota. */
  | 'PodsRefused'
  /** `gateway.replicas` decides, and an autoscaler sets it through /scale. */
  | 'External'
  /** `gateway.replicas` decides. */
  | 'Disabled';

export interface Decision {
  /** Gateways to run. */
  readonly replicas: number;
  readonly reason: ScaleReason;
  /** One sentence with the numbers, for status and Events. */
  readonly message: string;
  /** Connections of all gateways; undefined when one is unknown. */
  readonly connections: number | undefined;
  /**
   * Gateways wanted before bounds and behavior; at least this many where some loads are unknown. Undefined when all are.
   */
  readonly wanted: number | undefined;
  /** Capacity of a gateway as learned; undefined while nothing is learned, or gateways are not counted by load. */
  readonly capacity: Capacity | undefined;
  /** Target that asks for the most gateways; undefined while the load is unknown. */
  readonly target: Target | undefined;
  /** Gateways each target asks for. */
  readonly asks: readonly Ask[];
  readonly history: readonly Observation[];
}

type Outcome = Pick<Decision, 'replicas' | 'reason' | 'message'>;

/** Time a gateway must be gone before another one is added for it, in milliseconds: a restart takes less. */
const LOST_MS = 30_000;

/**
 * Decides how many gateways there should be. Pure; a lost history only delays a step down. The bounds always hold, also
 * while the load is unknown. Otherwise no gateway is removed unless the load of every gateway is known. Loads of some
 * gateways are enough to add by, because the real load is at least theirs.
 */
export function decide(input: ScaleInput): Decision {
  if (input.spec.mode !== 'Builtin') return declared(input);
  const { spec, samples, current, now } = input;
  const history = usable(input.history, now);
  const load = fleetLoad(samples ?? []);
  const known = samples !== undefined && load.ready > load.silent.length;
  const complete = known && load.silent.length === 0 && load.vanished.length === 0;
  const connections = complete ? load.connections : undefined;
  const share = known ? shareOf(load, spec) : undefined;
  const fell = hasFallen(history, spec, now, connections);
  const seen = { at: now, current, connections, share, lost: load.lost, fell };
  const capacity = capacityOf([...history, { ...seen, wanted: undefined }], input.maxConnections);
  const all = known ? asks({ ...input, load, capacity }) : [];
  const most = highest(all);
  const replaced = lostFor(history, load.lost, now);
  const wanted = most && most.gateways + replaced;
  const keepMs = Math.max(coverMs(spec), spec.behavior.scaleUp.stabilizationWindowSeconds * 1_000);
  const made = remember(history, { ...seen, wanted }, keepMs, flapMs(spec.behavior.scaleDown));
  const outcome = weigh({ ...input, history: made }, load, most, wanted, replaced);
  return { ...outcome, connections, capacity, wanted, target: most?.target, asks: all, history: made };
}

/** Decision of the modes External and Disabled: `gateway.replicas` decides and nothing is measured. */
function declared({ spec, replicas: asked, current, held, why }: ScaleInput): Decision {
  const external = spec.mode === 'External';
  const replicas = external ? clamp(spec, asked) : asked;
  // An autoscaler that scales to zero means that there is no load, not that gateways should stop.
  const stop = asked === 0 ? `; the annotation ${HIBERNATE_ANNOTATION} stops all gateways` : '';
  const bounds = replicas === asked ? '' : `, the bounds are ${spec.minReplicas} to ${spec.maxReplicas}${stop}`;
  const none = {
    connections: undefined,
    capacity: undefined,
    wanted: undefined,
    target: undefined,
    asks: [],
    history: [],
  };
  if (blocked(held, current, replicas))
    return { ...none, replicas: current, reason: 'Held', message: `${why}; gateway.replicas is ${asked}` };
  const step = replicas === current ? '' : `from ${current} to ${replicas}: `;
  const message = `${step}gateway.replicas is ${asked}${bounds}`;
  return { ...none, replicas, reason: external ? 'External' : 'Disabled', message };
}

const clamp = ({ minReplicas, maxReplicas }: AutoscalingSpec, replicas: number) =>
  Math.min(maxReplicas, Math.max(minReplicas, replicas));

const blocked = (held: Hold, current: number, next: number) =>
  held === 'All' || (held === 'ScaleIn' && next < current) || (held === 'ScaleOut' && next > current);

/** Time the history must cover before a gateway is removed, in milliseconds: with a shorter history the decision waits. */
function coverMs(spec: AutoscalingSpec): number {
  const holdMs = spec.collapsePercent < 100 ? spec.collapseHoldSeconds * 1_000 : 0;
  const { scaleDown } = spec.behavior;
  const windowMs = scaleDown.stabilizationWindowSeconds * 1_000;
  // The wanted size at the start of the window was learned from the time before it.
  const learnMs = spec.targetConnections === undefined ? LEARN_MS : 0;
  const watchedMs = Math.max(windowMs + holdMs, longestWindowMs(scaleDown) + learnMs);
  return Math.max(watchedMs, longestPeriodMs(scaleDown));
}

/** Gateways that have been gone for long enough to be replaced. */
function lostFor(history: readonly Observation[], lost: number, now: number): number {
  if (!covers(history, now, LOST_MS)) return 0;
  return within(history, now, LOST_MS).reduce((fewest, each) => Math.min(fewest, each.lost), lost);
}

function weigh(
  input: ScaleInput,
  load: FleetLoad,
  most: Ask | undefined,
  wanted: number | undefined,
  replaced: number,
): Outcome {
  const { spec, current, held, why, samples } = input;
  const keep = (reason: ScaleReason, message: string): Outcome => ({ replicas: current, reason, message });
  const asked = wanted === undefined ? '' : `; ${plural(wanted, 'gateway')} wanted`;
  const bounded = clamp(spec, current);
  if (held === 'All') return keep('Held', `${why}${asked}`);
  if (bounded !== current) {
    if (blocked(held, current, bounded))
      return keep('Held', `${why}; the bounds are ${spec.minReplicas} to ${spec.maxReplicas}`);
    const message = `from ${current} to ${bounded}: the bounds are ${spec.minReplicas} to ${spec.maxReplicas}`;
    return { replicas: bounded, reason: bounded > current ? 'ScaledUp' : 'ScaledDown', message };
  }
  if (!samples) return keep('NotAskedYet', 'the gateways have not been asked yet');
  const silence = `${someOf(load.silent)} did not report its load`;
  if (!most || wanted === undefined)
    return load.ready > 0
      ? keep('LoadUnknown', `${silence}; the size is kept`)
      : keep('NoGatewayReady', 'no gateway is ready');

  const text = textOf(most, load, replaced);
  const next = clamp(spec, wanted);
  if (next > current)
    return blocked(held, current, next) ? keep('Held', `${why}${asked}: ${text}`) : up(input, wanted, text);
  if (wanted > spec.maxReplicas) {
    return keep('AtMaximum', `${plural(wanted, 'gateway')} wanted and maxReplicas is ${spec.maxReplicas}: ${text}`);
  }
  if (load.silent.length > 0) return keep('LoadUnknown', `${silence}; no gateway is removed`);
  if (load.vanished.length > 0) {
    const message = `${someOf(load.vanished)} is not ready and did not report its load; no gateway is removed`;
    return keep('LoadUnknown', message);
  }
  if (next === current) return keep('Steady', `${plural(current, 'gateway')}: ${text}`);
  return blocked(held, current, next) ? keep('Held', `${why}${asked}: ${text}`) : down(input, next, text);
}

function textOf({ text }: Ask, { silent }: FleetLoad, replaced: number): string {
  const lost = replaced > 0 ? `, and ${plural(replaced, 'gateway')} lost` : '';
  const others = silent.length > 0 ? `, and ${plural(silent.length, 'gateway')} that did not report its load` : '';
  return `${text}${lost}${others}`;
}

function up({ spec, current, refused, now, history }: ScaleInput, wanted: number, text: string): Outcome {
  const rules = spec.behavior.scaleUp;
  const keep = (reason: ScaleReason, message: string): Outcome => ({ replicas: current, reason, message });
  if (rules.selectPolicy === 'Disabled')
    return keep('DirectionDisabled', `behavior.scaleUp is Disabled; ${plural(wanted, 'gateway')} wanted: ${text}`);
  // The pods that are missing come as soon as Kubernetes allows. Asking for more would only need a step back later.
  if (refused !== undefined) return keep('PodsRefused', `${refused}; ${plural(wanted, 'gateway')} wanted: ${text}`);
  const stable = clamp(spec, fewestWanted(history, rules, now, wanted));
  if (stable <= current) {
    const window = `waiting for a window of ${rules.stabilizationWindowSeconds} s`;
    return keep('WindowOpen', `${plural(wanted, 'gateway')} wanted, ${window}: ${text}`);
  }
  const replicas = Math.min(stable, mostAllowed(rules, history, current, now));
  if (replicas === current)
    return keep(
      'RateLimited',
      `${plural(wanted, 'gateway')} wanted, behavior.scaleUp allows no further step now: ${text}`,
    );
  const rest = wanted > replicas ? ` (${wanted} wanted)` : '';
  return { replicas, reason: 'ScaledUp', message: `from ${current} to ${replicas}${rest}: ${text}` };
}

function down({ spec, current, now, history }: ScaleInput, next: number, text: string): Outcome {
  const rules = spec.behavior.scaleDown;
  const fewer = `${plural(next, 'gateway')} would be enough`;
  const keep = (reason: ScaleReason, message: string): Outcome => ({ replicas: current, reason, message });
  if (rules.selectPolicy === 'Disabled')
    return keep('DirectionDisabled', `behavior.scaleDown is Disabled; ${fewer}: ${text}`);
  const hold = collapseHold(history, spec, now);
  if (hold) {
    const message = `connections fell by more than ${spec.collapsePercent} % at once; no gateway is removed for ${hold.leftSeconds} s more: ${text}`;
    return keep('Collapsed', message);
  }
  if (!covers(history, now, coverMs(spec))) {
    return keep('WindowOpen', `${fewer}; the load has not been watched for ${coverMs(spec) / 1_000} s yet: ${text}`);
  }
  const stable = clamp(spec, mostWanted(history, rules, now, next));
  if (stable >= current) {
    const window = `waiting for a window of ${downWindowMs(history, rules, now) / 1_000} s`;
    return keep('WindowOpen', `${fewer}; ${window}: ${text}`);
  }
  const replicas = Math.max(stable, fewestAllowed(rules, history, current, now));
  if (replicas === current)
    return keep('RateLimited', `${fewer}; behavior.scaleDown allows no further step now: ${text}`);
  return { replicas, reason: 'ScaledDown', message: `from ${current} to ${replicas}: ${text}` };
}
